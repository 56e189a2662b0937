"""Folders of every mixture are searched whole, and what is wrong with a video is said, not kept for ever."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from vip_ros.errors import UserError

pytest.importorskip("torch")

from pretraining_rig import moving_square  # noqa: E402

from vip_models.pretraining.cache import FrameCache  # noqa: E402
from vip_models.pretraining.dataset import Dataset, arrays, prepare  # noqa: E402
from vip_models.pretraining.sources import Video, discover  # noqa: E402


def _images(folder, count):
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        cv2.imwrite(str(folder / f"{index}.jpg"), np.full((32, 40, 3), 20 * index, np.uint8))


def _names(root):
    return [video.name.removeprefix(str(root)).removeprefix("/") for video in discover(root)]


def test_films_beside_their_preview_images_are_found_and_the_images_are_no_video(tmp_path):
    for name in ("a", "b"):
        np.save(tmp_path / f"{name}.npy", moving_square(1)[0])
    _images(tmp_path, 4)
    assert _names(tmp_path) == ["a.npy", "b.npy"]


def test_images_with_labels_beside_them_are_a_video(tmp_path):
    _images(tmp_path, 4)
    for index in range(6):
        (tmp_path / f"{index}.json").write_text("{}")
    assert [len(video) for video in discover(tmp_path)] == [4]


def test_folders_beside_the_images_of_a_video_are_searched_too(tmp_path):
    _images(tmp_path, 4)
    _images(tmp_path / "more", 3)
    assert _names(tmp_path) == ["", "more"]


def test_a_picture_in_a_folder_of_other_things_is_no_video(tmp_path):
    _images(tmp_path / "library" / "clip", 4)
    _images(tmp_path / "library", 1)
    (tmp_path / "library" / "README.txt").write_text("about")
    assert _names(tmp_path / "library") == ["clip"]


class _Moody(Video):
    """A video that cannot be read at first, or not to its end."""

    def __init__(self, before_the_trouble):
        super().__init__("moody", [])
        self.trouble, self._before = True, before_the_trouble

    def frames(self):
        for index in range(6):
            if self.trouble and index == self._before:
                raise UserError("Permission denied")
            yield np.full((24, 24, 3), index, np.uint8)


@pytest.mark.parametrize("before", [0, 4])
def test_what_could_not_be_decoded_is_tried_again_by_the_next_run(tmp_path, before):
    video = _Moody(before)
    first = prepare([video], FrameCache(tmp_path, 24), True, 1)
    told = first.broken if before else first.rejected
    assert "Permission denied" in told["moody"]
    assert first.lengths.tolist() == ([before] if before else [])
    video.trouble = False
    second = prepare([video], FrameCache(tmp_path, 24), True, 1)
    assert second.lengths.tolist() == [6]
    assert not second.rejected and not second.broken


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("path,len\na/,-1\n", "line 2: the length is '-1'"),
        ("path,len\na/\n", "line 2: the length is ''"),
        ("path,len\n,7\n", "line 2 has no path"),
        (b"path,len\n\xff\xfe/,7\n", "cannot be read as text"),
    ],
)
def test_a_damaged_manifest_is_named_with_its_line(tmp_path, content, complaint):
    path = tmp_path / "manifest.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError, match=complaint) as caught:
        discover(tmp_path)
    assert str(path) in str(caught.value)


def test_a_manifest_with_a_byte_order_mark_is_read(tmp_path):
    (tmp_path / "manifest.csv").write_text("path,len\na/,7\n", encoding="utf-8-sig")
    assert [len(video) for video in discover(tmp_path)] == [7]


def _archive(path):
    with path.open("wb") as stream:
        np.savez(stream, video=moving_square(1)[0])


@pytest.mark.parametrize(
    "write",
    [_archive, lambda path: np.save(path, np.zeros((5, 0, 8, 3), np.uint8))],
    ids=["archive", "no rows"],
)
def test_an_array_file_without_frames_is_rejected_by_its_name(tmp_path, write):
    write(tmp_path / "video.npy")
    dataset = prepare(discover(tmp_path), FrameCache(tmp_path / "cache", 24), True, 1)
    assert list(dataset.rejected) == [str(tmp_path / "video.npy")]


@pytest.mark.parametrize(
    ("share", "held"), [(0.05, 2), (0.3, 12), (0.5, 20), (0.9, 36), (0.001, 1), (0.999, 39)]
)
def test_the_share_that_is_held_out_is_the_one_asked_for(share, held):
    training, held_out = Dataset(arrays(moving_square(40)).clips).split(share)
    assert (len(training.clips), len(held_out.clips)) == (40 - held, held)


def test_a_draft_that_another_run_finishes_meanwhile_does_not_stop_this_one(tmp_path):
    (tmp_path / ".another.part").symlink_to(tmp_path / "gone")  # there to be listed, not to be asked
    FrameCache(tmp_path, 24)
