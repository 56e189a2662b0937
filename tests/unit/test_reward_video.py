"""Frames and stamps from video files and folders of images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from clips import write_png, write_video

from vip_reward_node.thumbnails import Thumbnails
from vip_reward_node.video import Footage, TimedFrame, read_image
from vip_ros.errors import UserError


def test_frames_of_a_video_are_stamped_by_index_over_its_rate(tmp_path: Path) -> None:
    footage = Footage(write_video(tmp_path / "clip.avi", 12))
    frames = list(footage)
    assert (footage.rate, footage.expected, len(frames)) == (10.0, 12, 12)
    assert [frame.stamp for frame in frames] == [index / 10.0 for index in range(12)]
    assert frames[0].rgb.shape == (48, 64, 3)
    assert frames[0].rgb.dtype == np.uint8


def test_footage_can_be_read_again(tmp_path: Path) -> None:
    footage = Footage(write_video(tmp_path / "clip.avi", 3))
    assert len(list(footage)) == len(list(footage)) == 3


def test_a_given_rate_replaces_the_videos_own(tmp_path: Path) -> None:
    footage = Footage(write_video(tmp_path / "clip.avi", 3), rate=50.0)
    assert [frame.stamp for frame in footage] == [0.0, 0.02, 0.04]


def test_frames_of_a_folder_come_in_natural_order_as_rgb(tmp_path: Path) -> None:
    for name, red in (("frame10.png", 30), ("frame2.png", 20), ("frame1.png", 10)):
        write_png(tmp_path / name, (red, 0, 255))
    (tmp_path / "notes.txt").write_text("not a frame")
    frames = list(Footage(tmp_path))
    assert [tuple(frame.rgb[0, 0]) for frame in frames] == [(10, 0, 255), (20, 0, 255), (30, 0, 255)]
    assert [frame.stamp for frame in frames] == [0.0, 0.04, 0.08]


@pytest.mark.parametrize("names", [("1.png", "1_a.png", "a.png"), ("a.png", "a1.png", "a1b.png")])
def test_names_with_and_without_numbers_can_be_ordered(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in reversed(names):
        write_png(tmp_path / name, (0, 0, 0))
    assert len(list(Footage(tmp_path))) == len(names)


def test_frames_of_different_sizes_are_refused_by_name(tmp_path: Path) -> None:
    write_png(tmp_path / "1.png", (0, 0, 0))
    write_png(tmp_path / "2.png", (0, 0, 0), size=(10, 10))
    with pytest.raises(UserError, match=r"2\.png is 10x10.*8x6"):
        list(Footage(tmp_path))


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no such file"), (b"", "not a video"), (b"not a video at all", "not a video")],
)
def test_what_is_no_video_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "clip.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        Footage(path)


def test_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no images"):
        Footage(tmp_path)


@pytest.mark.parametrize("content", [None, b"", b"garbage"])
def test_unreadable_image_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "goal.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"goal\.png"):
        read_image(path)


@pytest.mark.parametrize("length", [1, 2, 7, 64, 1000])
def test_thumbnails_are_spread_over_the_whole_stream(length: int) -> None:
    strip = Thumbnails(capacity=16)
    for index in range(length):
        strip.add(TimedFrame(np.zeros((4, 4, 3), np.uint8), float(index)))
    stamps = [frame.stamp for frame in strip.pick(7)]
    assert stamps[0] == 0.0
    assert stamps[-1] == length - 1
    assert len(stamps) == len(set(stamps)) == min(length, 7)
    if length > 7:
        assert max(np.diff(stamps)) <= 2.0 * length / 6.0


def test_thumbnails_of_nothing_are_none() -> None:
    assert Thumbnails().pick() == []


def test_large_frames_are_kept_small() -> None:
    strip = Thumbnails()
    strip.add(TimedFrame(np.zeros((960, 1280, 3), np.uint8), 0.0))
    assert strip.pick()[0].rgb.shape == (240, 320, 3)
