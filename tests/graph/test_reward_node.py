"""reward_node as a process: rewards with the image's stamp, drops, bad images, mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graph.encoders import encoder_params
from graph.helpers import NodeProcess, set_parameter
from graph.reward_bench import Bench
from sensor_msgs.msg import Image
from std_msgs.msg import Float32
from std_srvs.srv import Trigger
from vip_interfaces.srv import SetGoal

from vip_models import load_encoder
from vip_models.distances import distances
from vip_ros.images import array_to_image
from vip_ros.qos import RELIABLE_10
from vip_ros.stamps import from_ns, to_ns

pytestmark = pytest.mark.graph


def test_each_image_gets_one_reward_with_its_stamp(
    bench: Bench, pictures: np.ndarray, module_weights: Path
) -> None:
    distance_plots = bench.probe.subscribe(Float32, "vip/distance", RELIABLE_10)
    assert bench.set_goal(pictures[5], "end").success
    rewards = [bench.judge(picture) for picture in pictures]
    encoder = load_encoder("vip-resnet18", module_weights)
    embeddings = encoder.encode(pictures)
    expected = distances(embeddings, embeddings[5])
    got = np.array([reward.distance for reward in rewards])
    assert np.abs(got - expected).max() <= 1e-4 * expected.max()
    assert np.abs(np.array([reward.reward for reward in rewards[1:]]) + np.diff(expected)).max() <= 1e-3
    assert rewards[0].reward == 0.0
    assert {reward.initial_distance for reward in rewards} == {rewards[0].distance}
    assert {(reward.encoder, reward.goal) for reward in rewards} == {(encoder.id, "end")}
    assert {(reward.subgoal_index, reward.subgoal_count) for reward in rewards} == {(0, 1)}
    assert {reward.header.frame_id for reward in rewards} == {"camera_optical_frame"}
    assert len(bench.rewards) == 6
    bench.probe.wait_for(lambda: len(distance_plots) == 6)


def test_node_started_again_has_no_goal_and_says_so(
    bench: Bench, pictures: np.ndarray, module_weights: Path
) -> None:
    bench.fresh()
    message = bench.embed(pictures[0])
    expected = load_encoder("vip-resnet18", module_weights).encode(pictures[:1])[0]
    assert np.abs(np.array(message.data) - expected).max() < 1e-4
    status = bench.wait_status("goal", level=b"\x01")
    assert "no goal" in status["message"]
    assert not bench.rewards
    assert bench.set_goal(pictures[0]).success
    assert bench.judge(pictures[0]).distance < 1e-3


def test_reset_episode_takes_a_new_initial_distance(bench: Bench, pictures: np.ndarray) -> None:
    bench.set_goal(pictures[0])
    first, second = bench.judge(pictures[1]), bench.judge(pictures[2])
    assert second.initial_distance == first.distance
    assert bench.call(Trigger, "reset_episode").success
    assert bench.judge(pictures[2]).initial_distance == second.distance


def _broken(pictures: np.ndarray, **changes: Any) -> Image:
    message = array_to_image(pictures[0], from_ns(0), "camera")
    for field, value in changes.items():
        setattr(message, field, value)
    return message


def test_bad_images_are_counted_and_the_next_good_one_is_judged(bench: Bench, pictures: np.ndarray) -> None:
    bench.set_goal(pictures[0])
    bad = [
        Image(encoding="rgb8"),
        _broken(pictures, height=1000),
        _broken(pictures, encoding="no_such_encoding"),
        _broken(pictures, step=1),
    ]
    before = int(bench.wait_status("refused images")["count"])
    for count, message in enumerate(bad, before + 1):
        bench.send_message(message)
        bench.wait_status("refused images", count=str(count), level=b"\x01")
    assert bench.judge(pictures[0]).distance < 1e-3
    assert not bench.call(SetGoal, "set_goal", image=Image(encoding="rgb8")).success
    assert bench.process.process.poll() is None
    assert "Traceback" not in bench.process.output


def test_every_common_encoding_is_judged_alike(bench: Bench, pictures: np.ndarray) -> None:
    rgb = pictures[0]
    bench.set_goal(rgb)
    alpha = np.full((*rgb.shape[:2], 1), 255, np.uint8)
    assert bench.judge(rgb[..., ::-1], "bgr8").distance < 1e-3
    assert bench.judge(np.concatenate([rgb, alpha], axis=2), "rgba8").distance < 1e-3
    assert bench.judge(rgb[..., 0], "mono8").distance > 1e-2
    deep = array_to_image(rgb, from_ns(0), "camera")
    deep.encoding, deep.step = "rgb16", deep.step * 2
    deep.data = (rgb.astype("<u2") * 257).tobytes()
    assert bench.reward_of(bench.send_message(deep)).distance < 1e-3


def test_images_that_come_too_fast_are_counted_as_dropped(bench: Bench, pictures: np.ndarray) -> None:
    bench.fresh()
    bench.set_goal(pictures[0])
    bench.judge(pictures[1])
    for _ in range(200):
        bench.send(pictures[2])
    bench.judge(pictures[3])
    assert len(bench.rewards) < 202
    assert bench.wait_status("images", drops=str(202 - len(bench.rewards)))
    stamps = [to_ns(reward.header.stamp) for reward in bench.rewards]
    assert stamps == sorted(set(stamps))


def test_rewards_are_sparse_and_normalised_on_request(bench: Bench, pictures: np.ndarray) -> None:
    bench.fresh(reward_mode="sparse", normalise=True, reached_progress=0.9)
    bench.set_goal(pictures[0])
    far, near = bench.judge(pictures[1]), bench.judge(pictures[0])
    assert (far.distance, far.initial_distance, far.reward, far.reached) == (1.0, 1.0, 0.0, False)
    assert (near.initial_distance, near.reward, near.reached) == (1.0, 1.0, True)
    assert near.distance < 1e-3
    bench.fresh(normalise=True)
    bench.set_goal(pictures[0])
    bench.judge(pictures[1])
    assert bench.judge(pictures[0]).reward == pytest.approx(1.0, abs=1e-3)


def test_mistakes_are_told_in_one_line_and_can_be_mended(bench: Bench, pictures: np.ndarray) -> None:
    for change, line in (
        ({"encoder": "vip-resnet81"}, "unknown encoder"),
        ({"weights": "/nowhere/weights.pt"}, "/nowhere/weights.pt"),
        ({"goal": "/nowhere/goal.png"}, "no goal at /nowhere/goal.png"),
        ({"goal": "text:close it"}, "does not embed text"),
    ):
        bench.unconfigure(**change)
        assert not bench.process.configure(bench.probe)
        assert bench.process.state(bench.probe) == "unconfigured"
        assert line in bench.process.output
    answer = set_parameter(bench.probe, "reward_node", "reward_mode", "sparce")
    assert not answer.successful
    assert "did you mean 'sparse'" in answer.reason
    assert "Traceback" not in bench.process.output
    bench.fresh()
    bench.set_goal(pictures[0])
    assert bench.judge(pictures[0]).distance < 1e-3


def test_mistake_ends_a_node_of_its_own_in_one_line(module_weights: Path, ros_domain: int) -> None:
    params = {**encoder_params(module_weights), "golas_dir": "x", "autostart": True}
    goal = {**encoder_params(module_weights), "goal": "/nowhere/goal.png", "autostart": True}
    with (
        NodeProcess("vip_reward_node.reward_node", params, name="misspelt") as misspelt,
        NodeProcess("vip_reward_node.reward_node", goal, name="aimless") as aimless,
    ):
        for process, line in ((misspelt, "did you mean 'goals_dir'"), (aimless, "no goal at /nowhere")):
            assert process.wait_exit() == 2
            assert line in process.output
            assert "Traceback" not in process.output
