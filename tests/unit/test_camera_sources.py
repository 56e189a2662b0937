"""Camera sources by name: recordings as they are, and clear words for what cannot be opened."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from vip_reward_node.cameras import CAMERAS, CameraSource, SourceConfig, camera_for
from vip_reward_node.cameras.opencv_device import OpenCvDevice
from vip_reward_node.video import Footage
from vip_ros.errors import UserError


def image(value: int, height: int = 24, width: int = 32) -> np.ndarray:
    return np.random.default_rng(value).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five PNG frames whose names only sort well naturally."""
    frames = tmp_path / "frames"
    frames.mkdir()
    for index in (10, 2, 1, 33, 4):
        cv2.imwrite(str(frames / f"f{index}.png"), image(index)[..., ::-1])
    return frames


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Twelve frames at 15 Hz."""
    path = tmp_path / "clip.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 15.0, (32, 24))
    for index in range(12):
        writer.write(np.full((24, 32, 3), 20 * index, np.uint8))
    writer.release()
    return path


def opened(source: object, **options: object) -> CameraSource:
    camera = camera_for(SourceConfig(str(source), **options))  # type: ignore[arg-type]
    camera.open()
    return camera


def frames_of(camera: CameraSource, limit: int = 100) -> list[np.ndarray]:
    frames = []
    while len(frames) < limit and (frame := camera.read()) is not None:
        frames.append(frame.rgb)
    return frames


def test_the_sources_are_known_by_name() -> None:
    assert CAMERAS.names() == ["device", "folder", "sim", "video"]


@pytest.mark.parametrize(
    "source, name",
    [
        ("sim", "sim"),
        ("0", "device"),
        ("/dev/video2", "device"),
        ("rtsp://camera.local/stream", "device"),
        ("http://camera.local/video.mp4", "device"),
        ("missing.mp4", "video"),
        ("missing/", "folder"),
    ],
)
def test_a_source_is_found_by_how_it_is_written(source: str, name: str) -> None:
    assert type(camera_for(SourceConfig(source))) is CAMERAS.get(name)


def test_a_source_nobody_understands_is_answered_with_those_that_exist() -> None:
    with pytest.raises(UserError, match="no camera source 'webcam': give sim, an existing video"):
        camera_for(SourceConfig("webcam"))


def test_a_folder_plays_in_natural_order_with_exact_pixels(folder: Path) -> None:
    camera = opened(folder)
    assert (camera.recorded, camera.rate, camera.size) == (True, 25.0, (32, 24))
    for index, rgb in zip((1, 2, 4, 10, 33), frames_of(camera), strict=True):
        assert np.array_equal(rgb, image(index))


def test_a_video_plays_at_its_own_rate_with_the_offline_pixels(video: Path) -> None:
    camera = opened(video)
    assert (camera.rate, camera.size) == (15.0, (32, 24))
    offline = [frame.rgb for frame in Footage(video)]
    assert len(offline) == 12
    assert np.array_equal(np.stack(frames_of(camera)), np.stack(offline))
    assert camera.read() is None


def test_a_loop_starts_again_and_reopening_starts_from_the_first_frame(folder: Path) -> None:
    camera = opened(folder, loop=True)
    frames = frames_of(camera, limit=12)
    assert len(frames) == 12
    assert np.array_equal(frames[5], frames[0])
    camera.close()
    camera.open()
    assert np.array_equal(frames_of(camera, limit=1)[0], image(1))


def test_the_frame_before_a_damaged_one_is_still_delivered(folder: Path) -> None:
    (folder / "f4.png").write_bytes(b"damaged")
    camera = opened(folder)
    for index in (1, 2):
        assert np.array_equal(camera.read().rgb, image(index))
    with pytest.raises(UserError, match=r"f4\.png"):
        camera.read()
    assert camera.read() is None


def test_rate_and_size_can_be_set(video: Path) -> None:
    camera = opened(video, rate=5.0, width=16, height=12)
    assert (camera.rate, camera.size) == (5.0, (16, 12))
    assert {frame.shape for frame in frames_of(camera)} == {(12, 16, 3)}


@pytest.mark.parametrize("options", [{"width": 10}, {"rate": -1.0}, {"width": -1, "height": -1}])
def test_impossible_options_are_refused(options: dict) -> None:
    with pytest.raises(UserError):
        SourceConfig("sim", **options)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no such file or folder: .*missing\.mp4"):
        opened(tmp_path / "missing.mp4")


@pytest.mark.parametrize("content", [b"", b"this is not a video"])
def test_an_unreadable_video_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"not a video that can be decoded: .*broken\.mp4"):
        opened(path)


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no images in"):
        opened(tmp_path)


@pytest.mark.parametrize("source", ["/dev/video97", "97"])
def test_no_camera_says_where_and_what_to_check(source: str) -> None:
    with pytest.raises(UserError, match=rf"no camera at {source}.*cable"):
        opened(source)


def test_a_stream_that_does_not_answer_is_named_without_its_password() -> None:
    camera = camera_for(SourceConfig("http://robot:secret@127.0.0.1:9/stream"))
    with pytest.raises(UserError, match="no camera at http://robot:\\*\\*\\*@127.0.0.1:9/stream") as caught:
        camera.open()
    assert "secret" not in str(caught.value)


def test_reading_a_device_that_is_not_there_is_a_lost_camera() -> None:
    with pytest.raises(UserError, match="the camera at 0 went away"):
        OpenCvDevice(SourceConfig("0")).read()
