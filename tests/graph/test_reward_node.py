"""reward_node as a process: rewards with the image's stamp, goals, drops, bad images."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graph.encoders import encoder_params
from graph.helpers import NodeProcess, Probe
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image
from std_msgs.msg import Float32
from std_srvs.srv import Trigger
from vip_interfaces.msg import Embedding, Reward
from vip_interfaces.srv import CaptureGoal, ListGoals, LoadGoal, SaveGoal, SetGoal

from vip_models import load_encoder
from vip_models.goals import Goal, save_goal
from vip_reward_node.reward import distances
from vip_ros.images import array_to_image
from vip_ros.qos import LATCHED, RELIABLE_10, SENSOR
from vip_ros.stamps import from_ns, to_ns

pytestmark = pytest.mark.graph


class Bench:
    """An active reward_node with a probe in place of the camera."""

    def __init__(self, probe: Probe, process: NodeProcess) -> None:
        self.probe, self.process = probe, process
        self.camera = probe.publisher(Image, "camera/image_raw", SENSOR)
        self.rewards = probe.subscribe(Reward, "vip/reward", QoSProfile(depth=500))
        self.embeddings = probe.subscribe(Embedding, "vip/embedding", SENSOR)
        self.status = probe.statuses()
        self.sent = 0
        process.wait_active(probe)
        self.wait_listening()

    def wait_listening(self) -> None:
        """Send images until one is embedded: the node may know the probe's camera later than it is known."""
        self.probe.wait_matched(self.camera)
        heard = len(self.embeddings)

        def try_again() -> bool:
            if len(self.embeddings) == heard and time.monotonic() >= self._next_try:
                self._next_try = time.monotonic() + 1.0
                self.send(np.zeros((48, 64, 3), np.uint8))
            return len(self.embeddings) > heard

        self._next_try = 0.0
        self.probe.wait_for(try_again, what="the first embedding")

    def send(self, pixels: np.ndarray, encoding: str = "rgb8") -> int:
        """Publish an image and return its stamp in ns."""
        return self.send_message(array_to_image(pixels, from_ns(0), "camera_optical_frame", encoding))

    def send_message(self, message: Image) -> int:
        self.sent += 1
        stamp = 1_000_000_000 + self.sent * 40_000_000
        message.header.stamp = from_ns(stamp)
        self.camera.publish(message)
        return stamp

    def judge(self, pixels: np.ndarray, encoding: str = "rgb8") -> Reward:
        """Publish an image and return its reward."""
        stamp = self.send(pixels, encoding)
        return self.probe.wait_for(lambda: _stamped(self.rewards, stamp), what="the image's reward")

    def embed(self, pixels: np.ndarray) -> Embedding:
        """Publish an image and return its embedding."""
        stamp = self.send(pixels)
        return self.probe.wait_for(lambda: _stamped(self.embeddings, stamp), what="the image's embedding")

    def call(self, kind: Any, service: str, **request: Any) -> Any:
        return self.probe.call(kind, f"reward_node/{service}", kind.Request(**request))

    def wait_status(self, name: str, **values: Any) -> dict[str, Any]:
        """Wait for a status of reward_node with these values."""

        def found() -> dict[str, Any] | None:
            status = self.status(f"reward_node: {name}")
            return status if status and all(status.get(k) == v for k, v in values.items()) else None

        return self.probe.wait_for(found, what=f"status '{name}' with {values}")


def _stamped(messages: list[Any], stamp: int) -> Any:
    return next((message for message in messages if to_ns(message.header.stamp) == stamp), None)


@pytest.fixture
def probe(ros_domain: int) -> Iterator[Probe]:
    with Probe() as probe:
        yield probe


@pytest.fixture
def params(encoder_weights: Path, tmp_path: Path) -> dict[str, Any]:
    return {**encoder_params(encoder_weights), "goals_dir": str(tmp_path / "goals"), "capture_timeout": 1.0}


@pytest.fixture
def bench(probe: Probe, params: dict[str, Any]) -> Iterator[Bench]:
    with NodeProcess("vip_reward_node.reward_node", params) as process:
        yield Bench(probe, process)


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    """Six different pictures uint8 [6, 48, 64, 3]."""
    return np.random.default_rng(0).integers(0, 255, (6, 48, 64, 3), np.uint8)


def test_each_image_gets_one_reward_with_its_stamp(
    bench: Bench, pictures: np.ndarray, encoder_weights: Path
) -> None:
    distance_plots = bench.probe.subscribe(Float32, "vip/distance", RELIABLE_10)
    assert bench.call(
        SetGoal, "set_goal", image=array_to_image(pictures[5], from_ns(0), "c"), name="end"
    ).success
    rewards = [bench.judge(picture) for picture in pictures]
    encoder = load_encoder("vip-resnet18", encoder_weights)
    embeddings = encoder.encode(pictures)
    expected = distances(embeddings, embeddings[5])
    got = np.array([reward.distance for reward in rewards])
    assert np.abs(got - expected).max() <= 1e-4 * expected.max()
    assert np.abs(np.array([reward.reward for reward in rewards[1:]]) + np.diff(expected)).max() <= 1e-3
    assert rewards[0].reward == 0.0
    assert {reward.initial_distance for reward in rewards} == {rewards[0].distance}
    assert {(reward.encoder, reward.goal) for reward in rewards} == {(encoder.id, "end")}
    assert {reward.header.frame_id for reward in rewards} == {"camera_optical_frame"}
    assert len(bench.rewards) == 6
    bench.probe.wait_for(lambda: len(distance_plots) == 6)


def test_without_a_goal_there_are_embeddings_and_a_warning(
    bench: Bench, pictures: np.ndarray, encoder_weights: Path
) -> None:
    message = bench.embed(pictures[0])
    expected = load_encoder("vip-resnet18", encoder_weights).encode(pictures[:1])[0]
    assert np.abs(np.array(message.data) - expected).max() < 1e-4
    status = bench.wait_status("goal", level=b"\x01")
    assert "no goal" in status["message"]
    assert not bench.rewards


def test_goal_set_while_running_starts_the_next_reward_anew(bench: Bench, pictures: np.ndarray) -> None:
    for name, index in (("first", 0), ("second", 1)):
        image = array_to_image(pictures[index], from_ns(0), "camera")
        assert bench.call(SetGoal, "set_goal", image=image, name=name).goal == name
        reward = bench.judge(pictures[2])
        assert (reward.goal, reward.reward) == (name, 0.0)
        assert reward.initial_distance == reward.distance
        assert bench.judge(pictures[index]).distance < 1e-3


def test_reset_episode_takes_a_new_initial_distance(bench: Bench, pictures: np.ndarray) -> None:
    bench.call(SetGoal, "set_goal", image=array_to_image(pictures[0], from_ns(0), "camera"))
    first, second = bench.judge(pictures[1]), bench.judge(pictures[2])
    assert second.initial_distance == first.distance
    assert bench.call(Trigger, "reset_episode").success
    assert bench.judge(pictures[2]).initial_distance == second.distance


def test_goal_image_reaches_a_late_viewer(bench: Bench, pictures: np.ndarray) -> None:
    bench.call(SetGoal, "set_goal", image=array_to_image(pictures[3], from_ns(0), "camera"))
    images = bench.probe.subscribe(Image, "vip/goal_image", LATCHED)
    bench.probe.wait_for(lambda: images, what="the goal image")
    assert bytes(images[0].data) == pictures[3].tobytes()


@pytest.mark.parametrize("service", ["capture_goal", "capture_goal_now"])
def test_goal_is_captured_from_live_images(bench: Bench, pictures: np.ndarray, service: str) -> None:
    kind = CaptureGoal if service == "capture_goal" else Trigger
    client = bench.probe.node.create_client(kind, f"reward_node/{service}")
    assert client.wait_for_service(10.0)
    request = kind.Request(frames=2, name="live") if kind is CaptureGoal else kind.Request()
    future = client.call_async(request)

    def keep_filming() -> bool:
        bench.send(pictures[4])
        return future.done()

    bench.probe.wait_for(keep_filming, what="the captured goal")
    assert future.result().success, future.result().message
    reward = bench.judge(pictures[4])
    assert reward.distance < 1e-3
    if kind is CaptureGoal:
        assert reward.goal == "live"


def test_capture_without_a_camera_ends_with_a_reason(bench: Bench) -> None:
    answer = bench.call(CaptureGoal, "capture_goal", frames=3)
    assert not answer.success
    assert "check the camera" in answer.message
    assert bench.call(CaptureGoal, "capture_goal", frames=1).message == answer.message.replace("3 im", "1 im")


def test_goals_are_saved_listed_and_loaded(bench: Bench, pictures: np.ndarray, tmp_path: Path) -> None:
    assert not bench.call(SaveGoal, "save_goal", name="x").success
    bench.call(SetGoal, "set_goal", image=array_to_image(pictures[0], from_ns(0), "camera"))
    saved = bench.call(SaveGoal, "save_goal", name="closed")
    assert Path(saved.path) == tmp_path / "goals" / "closed.npz"
    bench.call(SetGoal, "set_goal", image=array_to_image(pictures[1], from_ns(0), "camera"), name="other")
    listed = bench.call(ListGoals, "list_goals")
    assert (list(listed.names), listed.current) == (["closed"], "other")
    assert listed.encoders[0].startswith("vip-resnet18@")
    assert bench.call(LoadGoal, "load_goal", name="closed").goal == "closed"
    assert bench.judge(pictures[0]).distance < 1e-3


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("foreign", "was made with encoder"),
        ("none", "no goal 'none'"),
        ("../up", "no goal at"),
        ("", "goal name"),
    ],
)
def test_goal_that_does_not_fit_is_refused(bench: Bench, tmp_path: Path, name: str, reason: str) -> None:
    save_goal(Goal("foreign", "other@0123456789ab", np.zeros(3)), tmp_path / "goals" / "foreign.npz")
    answer = bench.call(LoadGoal, "load_goal", name=name)
    assert not answer.success
    assert reason in answer.message


def _broken(pictures: np.ndarray, **changes: Any) -> Image:
    message = array_to_image(pictures[0], from_ns(0), "camera")
    for field, value in changes.items():
        setattr(message, field, value)
    return message


def test_bad_images_are_counted_and_the_next_good_one_is_judged(bench: Bench, pictures: np.ndarray) -> None:
    bench.call(SetGoal, "set_goal", image=array_to_image(pictures[0], from_ns(0), "camera"))
    bad = [
        Image(encoding="rgb8"),
        _broken(pictures, height=1000),
        _broken(pictures, encoding="no_such_encoding"),
        _broken(pictures, step=1),
    ]
    for count, message in enumerate(bad, 1):
        bench.send_message(message)
        bench.wait_status("refused images", count=str(count), level=b"\x01")
    assert bench.judge(pictures[0]).distance < 1e-3
    assert not bench.call(SetGoal, "set_goal", image=Image(encoding="rgb8")).success
    assert bench.process.process.poll() is None
    assert "Traceback" not in bench.process.output


def test_every_common_encoding_is_judged_alike(bench: Bench, pictures: np.ndarray) -> None:
    rgb = pictures[0]
    bench.call(SetGoal, "set_goal", image=array_to_image(rgb, from_ns(0), "camera"))
    alpha = np.full((*rgb.shape[:2], 1), 255, np.uint8)
    assert bench.judge(rgb[..., ::-1], "bgr8").distance < 1e-3
    assert bench.judge(np.concatenate([rgb, alpha], axis=2), "rgba8").distance < 1e-3
    assert bench.judge(rgb[..., 0], "mono8").distance > 1e-2
    deep = array_to_image(rgb, from_ns(0), "camera")
    deep.encoding, deep.step = "rgb16", deep.step * 2
    deep.data = (rgb.astype("<u2") * 257).tobytes()
    stamp = bench.send_message(deep)
    reward = bench.probe.wait_for(lambda: _stamped(bench.rewards, stamp), what="the 16-bit image's reward")
    assert reward.distance < 1e-3


def test_images_that_come_too_fast_are_counted_as_dropped(bench: Bench, pictures: np.ndarray) -> None:
    bench.call(SetGoal, "set_goal", image=array_to_image(pictures[0], from_ns(0), "camera"))
    bench.judge(pictures[1])
    for _ in range(200):
        bench.send(pictures[2])
    bench.judge(pictures[3])
    assert len(bench.rewards) < 202
    assert bench.wait_status("images", drops=str(202 - len(bench.rewards)))
    stamps = [to_ns(reward.header.stamp) for reward in bench.rewards]
    assert stamps == sorted(set(stamps))


def test_node_can_be_stopped_and_started_again(bench: Bench, pictures: np.ndarray) -> None:
    for transition in ("deactivate", "cleanup"):
        assert bench.process.change(bench.probe, transition)
    bench.process.wait_active(bench.probe)
    bench.wait_listening()
    assert bench.call(SetGoal, "set_goal", image=array_to_image(pictures[0], from_ns(0), "camera")).success
    assert bench.judge(pictures[0]).distance < 1e-3
    assert bench.process.interrupt() == 0


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"encoder": "vip-resnet81"}, "unknown encoder"),
        ({"weights": "/nowhere/weights.pt"}, "/nowhere/weights.pt"),
        ({"goal": "/nowhere/goal.png"}, "no goal at /nowhere/goal.png"),
        ({"golas_dir": "x"}, "did you mean 'goals_dir'"),
    ],
)
def test_mistakes_end_in_one_line(
    params: dict[str, Any], ros_domain: int, change: dict[str, Any], line: str
) -> None:
    with NodeProcess("vip_reward_node.reward_node", {**params, **change, "autostart": True}) as process:
        assert process.wait_exit() == 2
        assert line in process.output
        assert "Traceback" not in process.output
