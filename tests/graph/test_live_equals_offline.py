"""The rewards of a video played through the live graph are those of `vip encode` on the same file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from graph.encoders import encoder_params
from graph.helpers import NodeProcess, Probe, set_parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from vip_interfaces.msg import Reward

from vip_models import load_encoder
from vip_reward_node.encode import EncodeRequest, encode_inputs
from vip_ros.stamps import to_ns

pytestmark = pytest.mark.graph

# Deep enough that the probe hears everything.
ALL = QoSProfile(depth=1000)
ALL_IMAGES = QoSProfile(depth=1000, reliability=ReliabilityPolicy.BEST_EFFORT)


def offline_distances(video: Path, weights: Path, out: Path) -> np.ndarray:
    """Return what `vip encode --goal last` writes as distances [T]."""
    encode_inputs(EncodeRequest([video], out), load_encoder("vip-resnet18", weights))
    return np.load(out / f"{video.stem}.npz", allow_pickle=False)["distances"]


class Theatre:
    """camera_node and reward_node, which play one video after the other."""

    def __init__(self, probe: Probe, judge: NodeProcess, camera: NodeProcess) -> None:
        self._probe, self._judge, self._camera = probe, judge, camera
        self._rewards = probe.subscribe(Reward, "vip/reward", ALL)
        self._images = probe.subscribe(Image, "camera/image_raw", ALL_IMAGES)
        self._status = probe.statuses()

    def play(self, video: Path, rate: float) -> tuple[list[int], list[Reward], int]:
        """Play a video at a rate (0: its own); return image stamps, rewards and the drop count."""
        # The first images may be gone before a busy machine has connected both listeners with the camera.
        for _ in range(3):
            self._bring_up(self._judge, goal=str(video))
            self._rewards.clear()
            self._images.clear()
            self._bring_up(self._camera, source=str(video), rate=rate)
            with contextlib.suppress(AssertionError):
                return self._probe.wait_for(self._settled, what="a reward or a drop for every image")
        raise AssertionError("no reward and no drop for some images, three times")

    def _bring_up(self, node: NodeProcess, **params: Any) -> None:
        for state, transition in (("active", "deactivate"), ("inactive", "cleanup")):
            if node.state(self._probe) == state:
                assert node.change(self._probe, transition)
        for name, value in params.items():
            assert set_parameter(self._probe, node.name, name, value).successful
        node.wait_active(self._probe)

    def _settled(self) -> tuple[list[int], list[Reward], int] | None:
        source, stream, counts = (
            self._status(name) or {}
            for name in ("camera_node: source", "camera_node: image stream", "reward_node: images")
        )
        drops, sent = int(counts.get("drops", -1)), int(stream.get("count", -1))
        if (
            source.get("state") != "end of stream"
            or not len(self._rewards) + drops == len(self._images) == sent
        ):
            return None
        return [to_ns(image.header.stamp) for image in self._images], list(self._rewards), drops


@pytest.fixture(scope="module")
def theatre(module_domain: int, module_weights: Path) -> Iterator[Theatre]:
    with (
        Probe() as probe,
        NodeProcess("vip_reward_node.reward_node", encoder_params(module_weights)) as judge,
        NodeProcess("vip_reward_node.camera_node") as camera,
    ):
        yield Theatre(probe, judge, camera)


def assert_equal(stamps: list[int], rewards: list[Reward], offline: np.ndarray) -> None:
    """Compare each reward with the offline distance of the frame of the same stamp."""
    frames = [stamps.index(to_ns(reward.header.stamp)) for reward in rewards]
    assert frames == sorted(set(frames))
    live = np.array([reward.distance for reward in rewards])
    assert np.abs(live - offline[frames]).max() <= 1e-4 * offline.max()
    assert [reward.initial_distance for reward in rewards] == [rewards[0].distance] * len(rewards)
    steps = np.array([reward.reward for reward in rewards[1:]])
    assert np.abs(steps + np.diff(offline[frames])).max() <= 2e-4 * offline.max()


@pytest.fixture
def drawn_video(tmp_path: Path) -> Path:
    """Return a 30-frame video of a disc that moves to the right, 160x120 at 10 Hz."""
    path = tmp_path / "disc.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10.0, (160, 120))
    for index in range(30):
        picture = np.full((120, 160, 3), (60, 90, 120), np.uint8)
        cv2.circle(picture, (20 + 4 * index, 60), 15, (30, 40, 220), -1)
        writer.write(picture)
    writer.release()
    return path


def test_drawn_video_gives_the_offline_distances(
    theatre: Theatre, drawn_video: Path, module_weights: Path, tmp_path: Path
) -> None:
    offline = offline_distances(drawn_video, module_weights, tmp_path)
    stamps, rewards, drops = theatre.play(drawn_video, rate=0.0)
    assert len(rewards) + drops == 30
    assert_equal(stamps, rewards, offline)


@pytest.mark.parametrize("rate", [0.0, 400.0])
def test_real_robot_video_gives_the_offline_distances(
    theatre: Theatre, shared_videos: Path, module_weights: Path, tmp_path: Path, rate: float
) -> None:
    video = shared_videos / "close_drawer.mp4"
    offline = offline_distances(video, module_weights, tmp_path)
    stamps, rewards, drops = theatre.play(video, rate)
    assert len(rewards) + drops == 50
    assert_equal(stamps, rewards, offline)
    if rate > 100.0:
        assert drops > 0
