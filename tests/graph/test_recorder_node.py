"""recorder_node as a process: services, states, and an episode of everything that was published."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from graph.helpers import NodeProcess, Probe
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Float32
from std_srvs.srv import Trigger
from vip_interfaces.msg import RecorderState
from vip_interfaces.srv import StartEpisode

from vip_ros.images import array_to_image
from vip_ros.qos import LATCHED, RELIABLE_10, SENSOR
from vip_ros.stamps import to_ns
from vip_teleop.episode import list_episodes, load_info
from vip_teleop.episode_check import verify
from vip_teleop.episode_reader import EpisodeReader

pytestmark = pytest.mark.graph


class Camera:
    """A probe in place of camera and robot; it counts what it sends."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self._images = probe.publisher(Image, "camera/image_raw", SENSOR)
        self._states = probe.publisher(JointState, "joint_states", SENSOR)
        self._goals = probe.publisher(Image, "vip/goal_image", LATCHED)
        self._floats = probe.publisher(Float32, "vip/distance", RELIABLE_10)
        self.stamps: list[int] = []
        self.states = probe.subscribe(RecorderState, "vip/recorder_state", LATCHED)
        self._random = np.random.default_rng(0)

    def begin(self) -> None:
        stamp = self.probe.node.get_clock().now().to_msg()
        self._goals.publish(array_to_image(self._pixels(), stamp, "c"))
        self.probe.node.create_timer(0.05, self._tick)

    def state(self, name: str) -> RecorderState:
        return self.probe.wait_for(
            lambda: self.states and self.states[-1].state_name == name and self.states[-1], what=name
        )

    def trigger(self, name: str) -> Trigger.Response:
        return self.probe.call(Trigger, f"recorder_node/{name}")

    def start(self) -> StartEpisode.Response:
        """Start as soon as every stream is heard."""
        return self.probe.wait_for(
            lambda: (r := self.probe.call(StartEpisode, "recorder_node/start")).success and r, what="a start"
        )

    def wait_frames(self, count: int) -> None:
        seen = len(self.stamps)
        self.probe.wait_for(lambda: len(self.stamps) >= seen + count, what="frames")

    def _tick(self) -> None:
        stamp = self.probe.node.get_clock().now().to_msg()
        state = JointState(name=["panda_joint1"], position=[0.1])
        state.header.stamp = stamp
        self._states.publish(state)
        self._images.publish(array_to_image(self._pixels(), stamp, "c"))
        self._floats.publish(Float32(data=1.0))
        self.stamps.append(to_ns(stamp))

    def _pixels(self) -> np.ndarray:
        return self._random.integers(20, 200, (48, 64, 3), np.uint8)


@pytest.fixture
def camera(ros_domain: int) -> Iterator[Camera]:
    with Probe() as probe:
        made = Camera(probe)
        made.begin()
        yield made


def _node(folder: Path) -> NodeProcess:
    return NodeProcess("vip_teleop.recorder_node", {"directory": str(folder), "task": "toy", "episodes": 2})


def test_episode_by_services_holds_every_message_and_another_recorder_recovers(
    camera: Camera, tmp_path: Path
) -> None:
    with _node(tmp_path) as node, Probe("reward_node") as encoder:
        encoder.node.declare_parameter("goal", "drawer.png")
        node.wait_active(camera.probe)
        assert camera.start().episode == "toy_0000"
        camera.state("RECORDING")
        camera.wait_frames(20)
        assert camera.trigger("mark_success").success
        assert camera.trigger("stop").success
        reviewed = camera.state("REVIEW")
        assert (reviewed.outcome, reviewed.index, reviewed.wanted) == ("success", 1, 2)
        assert any("no goal" in line for line in reviewed.warnings) or reviewed.duration < 2.0
        assert camera.trigger("keep").message == "toy_0000"
        assert camera.state("IDLE").kept == 1
        refused = camera.trigger("keep")
        assert (refused.success, "start one" in refused.message) == (False, True)
        assert camera.start().success
        camera.wait_frames(40)
        node.process.send_signal(signal.SIGKILL)
        node.wait_exit()
    (episode,) = list_episodes(tmp_path)
    assert verify(episode) == []
    reader = EpisodeReader(episode)
    stamps = list(reader.stamps())
    first = camera.stamps.index(stamps[0])
    assert stamps == camera.stamps[first : first + len(stamps)]
    assert len(stamps) >= 20
    assert reader.info.counts["/vip/goal_image"] == 1
    assert reader.info.configuration == {"reward_node": {"goal": "drawer.png"}} and reader.info.config_hash
    assert reader.info.missed == {}
    with _node(tmp_path) as node:
        node.wait_active(camera.probe)
        (left,) = list_episodes(tmp_path / "interrupted")
        assert load_info(left).counts["/camera/image_raw"] > 5
        assert list_episodes(tmp_path) == [episode]
        assert camera.start().episode == "toy_0001"
        camera.wait_frames(5)
        assert node.interrupt() == 0
    assert len(list_episodes(tmp_path / "interrupted")) == 2
