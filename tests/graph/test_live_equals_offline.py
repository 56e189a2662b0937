"""The rewards of a video played through the live graph are those of `vip encode` on the same file."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from graph.encoders import encoder_params
from graph.helpers import NodeProcess, Probe
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


def play(video: Path, weights: Path, rate: float) -> tuple[list[int], list[Reward], int]:
    """Play a video through camera_node and reward_node; return image stamps, rewards and the drop count."""
    reward_params = {**encoder_params(weights), "goal": str(video)}
    camera_params = {"source": str(video), "rate": rate}
    with (
        Probe() as probe,
        NodeProcess("vip_reward_node.reward_node", reward_params) as judge,
        NodeProcess("vip_reward_node.camera_node", camera_params) as camera,
    ):
        rewards = probe.subscribe(Reward, "vip/reward", ALL)
        status = probe.statuses()
        judge.wait_active(probe)
        images = probe.subscribe(Image, "camera/image_raw", ALL_IMAGES)
        camera.wait_active(probe)
        probe.wait_for(
            lambda: (status("camera_node: source") or {}).get("state") == "end of stream",
            what="the end of the video",
        )

        def settled() -> tuple[list[int], list[Reward], int] | None:
            counts = status("reward_node: images") or {}
            drops = int(counts.get("drops", -1))
            everything = (
                len(rewards) + drops == len(images) == int(status("camera_node: image stream")["count"])
            )
            return ([to_ns(m.header.stamp) for m in images], list(rewards), drops) if everything else None

        return probe.wait_for(settled, what="a reward or a drop for every image")


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
    ros_domain: int, drawn_video: Path, encoder_weights: Path, tmp_path: Path
) -> None:
    offline = offline_distances(drawn_video, encoder_weights, tmp_path)
    stamps, rewards, drops = play(drawn_video, encoder_weights, rate=0.0)
    assert len(rewards) + drops == 30
    assert_equal(stamps, rewards, offline)


@pytest.mark.parametrize("rate", [0.0, 400.0])
def test_real_robot_video_gives_the_offline_distances(
    ros_domain: int, shared_videos: Path, encoder_weights: Path, tmp_path: Path, rate: float
) -> None:
    video = shared_videos / "close_drawer.mp4"
    offline = offline_distances(video, encoder_weights, tmp_path)
    stamps, rewards, drops = play(video, encoder_weights, rate)
    assert len(rewards) + drops == 50
    assert_equal(stamps, rewards, offline)
    if rate == 0.0:
        period = np.diff(stamps) / 1e9
        assert np.median(period) == pytest.approx(0.04, abs=0.004)
    else:
        assert drops > 0
