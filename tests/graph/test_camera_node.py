"""camera_node as a process: what it publishes, and what it says when the source fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from graph.helpers import DEEP, NodeProcess, Probe
from graph.mjpeg_server import MjpegServer
from sensor_msgs.msg import CameraInfo, Image
from vip_interfaces.msg import SimState

from vip_reward_node.video import Footage
from vip_ros.images import to_rgb
from vip_ros.qos import SENSOR
from vip_ros.stamps import from_ns, to_ns

pytestmark = pytest.mark.graph
MODULE = "vip_reward_node.camera_node"
SOURCE, STREAM, LIFECYCLE = (f"camera_node: {name}" for name in ("source", "image stream", "lifecycle"))
COUNT = 20


@pytest.fixture
def probe(ros_domain: int) -> Iterator[Probe]:
    with Probe() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twenty frames that can be told apart."""
    frames = tmp_path / "frames"
    frames.mkdir()
    for index in range(COUNT):
        cv2.imwrite(str(frames / f"{index}.png"), picture(index)[..., ::-1])
    return frames


def picture(index: int) -> np.ndarray:
    return np.full((48, 64, 3), (10 * index, 255 - 10 * index, index), np.uint8)


def stamps(messages: list) -> list[int]:
    return [to_ns(message.header.stamp) for message in messages]


def test_every_frame_played_once_arrives_with_increasing_stamps(probe: Probe, folder: Path) -> None:
    images = probe.subscribe(Image, "camera/image_raw", DEEP)
    infos = probe.subscribe(CameraInfo, "camera/camera_info", DEEP)
    status = probe.statuses()
    with NodeProcess(MODULE, {"source": str(folder)}) as node:
        node.wait_active(probe)
        probe.wait_for(lambda: (status(SOURCE) or {}).get("message") == "end of stream")
        probe.wait_for(lambda: len(images) >= COUNT and len(infos) >= COUNT)
        assert len(images) == COUNT
        for index, message in enumerate(images):
            assert (message.encoding, message.header.frame_id) == ("rgb8", "camera_optical_frame")
            assert np.array_equal(to_rgb(message), picture(index))
        assert np.all(np.diff(stamps(images)) > 0)
        assert stamps(infos) == stamps(images)
        assert (infos[0].width, infos[0].height, infos[0].k[0]) == (64, 48, 64.0)
        # 25 Hz, the rate of a folder; a busy machine may make it slower but never faster.
        assert (stamps(images)[-1] - stamps(images)[0]) / 1e9 >= (COUNT - 1) / 25.0 - 0.02
        assert node.state(probe) == "active"
        assert node.interrupt() == 0


def test_a_real_video_arrives_whole_at_its_own_rate(probe: Probe, shared_videos: Path) -> None:
    images = probe.subscribe(Image, "camera/image_raw", DEEP)
    status = probe.statuses()
    video = shared_videos / "close_drawer.mp4"
    with NodeProcess(MODULE, {"source": str(video)}) as node:
        node.wait_active(probe)
        probe.wait_for(lambda: (status(SOURCE) or {}).get("message") == "end of stream")
        footage = Footage(video)
        frames = [frame.rgb for frame in footage]
        probe.wait_for(lambda: len(images) >= len(frames))
        assert np.array_equal(np.stack([to_rgb(message) for message in images]), np.stack(frames))
        assert np.median(np.diff(stamps(images))) / 1e9 == pytest.approx(1 / footage.rate, rel=0.2)


def test_a_second_activation_plays_a_recording_from_its_first_frame(probe: Probe, folder: Path) -> None:
    images = probe.subscribe(Image, "camera/image_raw", DEEP)
    with NodeProcess(MODULE, {"source": str(folder), "loop": True}) as node:
        node.wait_active(probe)
        probe.wait_for(lambda: len(images) >= COUNT + 5)
        assert np.array_equal(to_rgb(images[COUNT]), picture(0))
        assert node.change(probe, "deactivate")
        count = len(images)
        assert node.activate(probe)
        probe.wait_for(lambda: len(images) > count)
        assert np.array_equal(to_rgb(images[count]), picture(0))
        assert node.change(probe, "deactivate")
        assert node.change(probe, "cleanup")
        assert node.configure(probe)


def test_a_network_camera_that_goes_away_is_told_and_found_again(probe: Probe) -> None:
    server = MjpegServer()
    server.start()
    images = probe.subscribe(Image, "camera/image_raw", DEEP)
    status = probe.statuses()
    try:
        with NodeProcess(MODULE, {"source": server.url}) as node:
            node.wait_active(probe)
            probe.wait_for(lambda: len(images) >= 5)
            server.stop()
            probe.wait_for(lambda: (status(SOURCE) or {}).get("state") == "reconnecting", what="the loss")
            lost = status(SOURCE)
            # Told once a second: that it went away, or already that it could not be found again.
            assert lost is not None and lost["level"] == b"\x02" and "camera at http" in lost["message"]
            count = len(images)
            server.start()
            probe.wait_for(lambda: len(images) > count + 5)
            probe.wait_for(lambda: (status(SOURCE) or {}).get("state") == "streaming")
            probe.wait_for(lambda: (status(LIFECYCLE) or {}).get("level") == b"\x00")
            found = status(SOURCE)
            assert found is not None and found["reconnects"] == "1"
            assert "went away" in node.output and "Traceback" not in node.output
            assert np.all(np.diff(stamps(images)) > 0)
    finally:
        server.stop()


def test_diagnostics_count_the_frames_and_their_age(probe: Probe, folder: Path) -> None:
    probe.subscribe(Image, "camera/image_raw", DEEP)
    status = probe.statuses()
    with NodeProcess(MODULE, {"source": str(folder)}) as node:
        node.wait_active(probe)
        counted = probe.wait_for(
            lambda: (status(STREAM) or {}).get("count") == str(COUNT) and status(STREAM), what="the count"
        )
        assert counted["drops"] == "0"
        assert float(counted["rate_hz"]) > 0.0
        assert float(counted["age_p50_ms"]) >= 0.0


@pytest.mark.parametrize(
    "source, words",
    [
        ("/dev/video97", "no camera at /dev/video97"),
        (97, "no camera at 97"),
        ("missing.mp4", "no such file or folder: missing.mp4"),
        ("webcam", "no camera source 'webcam'"),
    ],
)
def test_a_source_that_cannot_be_opened_fails_configure_in_one_line(
    probe: Probe, source: object, words: str
) -> None:
    with NodeProcess(MODULE, {"source": source}) as node:
        assert not node.configure(probe)
        assert node.state(probe) == "unconfigured"
        assert words in node.output
        assert "Traceback" not in node.output


def test_an_unreadable_video_fails_configure(probe: Probe, tmp_path: Path) -> None:
    video = tmp_path / "broken.mp4"
    video.write_bytes(b"no video")
    with NodeProcess(MODULE, {"source": str(video)}) as node:
        assert not node.configure(probe)
        assert "not a video that can be decoded" in node.output


def test_a_calibration_is_published_and_one_of_another_size_refused(probe: Probe, folder: Path) -> None:
    matrix = {"data": [70.0, 0, 32, 0, 71, 24, 0, 0, 1]}
    content = {
        "image_width": 64,
        "image_height": 48,
        "camera_matrix": matrix,
        "distortion_coefficients": {"data": [0.1, 0, 0, 0, 0]},
        "rectification_matrix": {"data": [1.0, 0, 0, 0, 1, 0, 0, 0, 1]},
        "projection_matrix": {"data": [70.0, 0, 32, 0, 0, 71, 24, 0, 0, 0, 1, 0]},
    }
    path = folder.parent / "camera.yaml"
    path.write_text(yaml.safe_dump(content))
    params = {"source": str(folder), "calibration": str(path), "wait_for_subscriber": False}
    infos = probe.subscribe(CameraInfo, "camera/camera_info", DEEP)
    with NodeProcess(MODULE, {**params, "loop": True}) as node:
        node.wait_active(probe)
        probe.wait_for(lambda: infos)
        assert list(infos[0].k) == matrix["data"]
        assert infos[0].header.frame_id == "camera_optical_frame"
    with NodeProcess(MODULE, {**params, "width": 32, "height": 24}, name="other_camera") as node:
        assert not node.configure(probe)
        assert "the calibration is for 64x48 images, the camera gives 32x24" in node.output


def test_the_simulated_camera_draws_the_state_it_is_stamped_with(probe: Probe) -> None:
    pytest.importorskip("mujoco")
    from franka_node.sim.renderer import Renderer
    from franka_node.sim.world import World

    world = World("close_drawer", seed=3)
    expected = Renderer(world, "right", 160, 120).render()
    images = probe.subscribe(Image, "camera/image_raw", DEEP)
    states = probe.publisher(SimState, "sim/state", SENSOR)
    sent: set[int] = set()

    def send() -> None:
        message = SimState(task="close_drawer", seed=3, qpos=world.qpos.tolist())
        now = probe.node.get_clock().now().nanoseconds
        message.header.stamp = from_ns(now)
        sent.add(now)
        states.publish(message)

    with NodeProcess(MODULE, {"source": "sim", "width": 160, "height": 120}) as node:
        node.wait_active(probe)
        probe.node.create_timer(0.02, send)
        probe.wait_for(lambda: len(images) >= 5)
        assert set(stamps(images)) <= sent
        difference = to_rgb(images[-1]).astype(int) - expected
        assert np.abs(difference).max() <= 2
