"""Goals of a running reward_node: set, captured, saved, loaded, in words and in stages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from graph.reward_bench import Bench
from PIL import Image as Picture
from sensor_msgs.msg import Image
from std_srvs.srv import Trigger
from vip_interfaces.srv import CaptureGoal, ListGoals, LoadGoal, SaveGoal

from vip_models import load_encoder
from vip_models.goals import Goal, Subgoals, save_goal
from vip_reward_node.tracker import judge
from vip_ros.qos import LATCHED
from vip_ros.stamps import to_ns

pytestmark = pytest.mark.graph


@pytest.fixture(scope="module")
def demonstration() -> np.ndarray:
    """Return 16 frames of a bright square that goes right, then back and down: uint8 [16, 48, 64, 3]."""
    frames = np.full((16, 48, 64, 3), 40, np.uint8)
    ways = [(6 * k, 4) for k in range(8)] + [(42 - 4 * k, 4 + 3 * k) for k in range(1, 9)]
    for frame, (column, row) in zip(frames, ways, strict=True):
        frame[row : row + 12, column : column + 12] = (250, 200, 60)
    return frames


def test_goal_set_while_running_starts_the_next_reward_anew(bench: Bench, pictures: np.ndarray) -> None:
    for name, index in (("first", 0), ("second", 1)):
        assert bench.set_goal(pictures[index], name).goal == name
        reward = bench.judge(pictures[2])
        assert (reward.goal, reward.reward) == (name, 0.0)
        assert reward.initial_distance == reward.distance
        assert bench.judge(pictures[index]).distance < 1e-3


def test_goal_image_reaches_a_late_viewer(bench: Bench, pictures: np.ndarray) -> None:
    bench.set_goal(pictures[3])
    images = bench.probe.subscribe(Image, "vip/goal_image", LATCHED)
    bench.probe.wait_for(lambda: images, what="the goal image")
    assert bytes(images[0].data) == pictures[3].tobytes()


@pytest.mark.parametrize("service", ["capture_goal", "capture_goal_now"])
def test_goal_is_captured_from_live_images(bench: Bench, pictures: np.ndarray, service: str) -> None:
    def captured() -> bool:
        if service == "capture_goal":
            return bench.call(CaptureGoal, service, frames=3, name="live").success
        return bench.call(Trigger, service).success

    with bench.filming(pictures[4]):
        # A machine too busy for so many images within the limit is asked again.
        bench.probe.wait_for(captured, what="the captured goal")
    reward = bench.judge(pictures[4])
    assert reward.distance < 1e-3
    assert reward.goal == "live" or service != "capture_goal"


def test_capture_without_a_camera_ends_with_a_reason(bench: Bench) -> None:
    answer = bench.call(CaptureGoal, "capture_goal", frames=3)
    assert not answer.success
    assert answer.message == "3 images did not come within 2 s: check the camera"


def test_goals_are_saved_listed_and_loaded(bench: Bench, pictures: np.ndarray, goals: Path) -> None:
    bench.set_goal(pictures[0])
    assert "not a goal name" in bench.call(SaveGoal, "save_goal", name="../up").message
    saved = bench.call(SaveGoal, "save_goal", name="closed")
    assert Path(saved.path) == goals / "closed.npz"
    bench.set_goal(pictures[1], "other")
    listed = bench.call(ListGoals, "list_goals")
    assert (list(listed.names), listed.current) == (["closed"], "other")
    assert listed.encoders[0].startswith("vip-resnet18@")
    assert bench.call(LoadGoal, "load_goal", name="closed").goal == "closed"
    assert bench.judge(pictures[0]).distance < 1e-3


def test_goal_that_does_not_fit_is_refused_and_the_old_one_stays(
    bench: Bench, pictures: np.ndarray, goals: Path
) -> None:
    bench.set_goal(pictures[0], "mine")
    save_goal(Goal("foreign", "other@0123456789ab", np.zeros(3)), goals / "foreign.npz")
    for name, reason in (
        ("foreign", "was made with encoder other@0123456789ab, running is vip-resnet18@"),
        ("none", "no goal 'none'"),
        ("../up", "no goal at"),
        ("", "goal name"),
        ("text:close the drawer", "clip-rn50"),
    ):
        answer = bench.call(LoadGoal, "load_goal", name=name)
        assert not answer.success
        assert reason in answer.message
        assert "\n" not in answer.message
    (goals / "foreign.npz").unlink()
    assert bench.judge(pictures[0]).goal == "mine"


def test_several_goal_images_are_averaged(bench: Bench, pictures: np.ndarray, tmp_path: Path) -> None:
    for index in (0, 1):
        Picture.fromarray(pictures[index]).save(tmp_path / f"{index}.png")
    assert bench.call(LoadGoal, "load_goal", name=str(tmp_path)).success
    one, other = (bench.judge(pictures[index]) for index in (0, 1))
    assert one.distance == pytest.approx(other.distance, rel=1e-3)
    far = bench.judge(pictures[2])
    assert far.distance > one.distance
    assert not far.reached


def test_subgoals_are_followed_live_as_offline(
    bench: Bench, demonstration: np.ndarray, module_weights: Path, goals: Path
) -> None:
    encoder = load_encoder("vip-resnet18", module_weights)
    embeddings = encoder.encode(demonstration)
    stages = Subgoals(embeddings[[7, 15]], np.array([8, 8]), rate=25.0, images=demonstration[[7, 15]])
    goal = Goal("stages", encoder.id, embeddings[15], subgoals=stages)
    path = save_goal(goal, goals / "stages.npz")
    shown = bench.probe.subscribe(Image, "vip/goal_image", LATCHED)
    assert bench.call(LoadGoal, "load_goal", name="stages").success
    path.unlink()
    samples = [bench.judge(rgb) for rgb in demonstration]
    stamps = np.array([to_ns(sample.header.stamp) for sample in samples]) / 1e9
    offline = judge(embeddings, goal, stamps)
    assert [sample.subgoal_index for sample in samples] == offline.subgoal_index.tolist()
    assert sorted(set(offline.subgoal_index)) == [0, 1]
    assert {sample.subgoal_count for sample in samples} == {2}
    live = np.array([(sample.distance, sample.initial_distance) for sample in samples])
    expected = np.stack([offline.distances, offline.initial_distances], axis=1)
    assert np.abs(live - expected).max() <= 1e-4 * expected.max()
    steps = np.array([sample.reward for sample in samples[1:]])
    assert np.abs(steps - offline.rewards).max() <= 2e-4 * expected.max()
    assert [sample.reached for sample in samples] == offline.reached.tolist()
    assert samples[-1].reached
    # A viewer sees the subgoal in force.
    second = demonstration[15].tobytes()
    bench.probe.wait_for(lambda: bytes(shown[-1].data) == second, what="the second subgoal's picture")
