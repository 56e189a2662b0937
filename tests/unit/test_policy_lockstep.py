"""Lockstep keeps the policy's rate and its joints' names, or says in one line why it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.policies import DIM, ENCODER, JOINTS, READY, toy_bundle, toy_config, toy_tensors

from policy_node.bundle import load_bundle, save_bundle
from policy_node.chunks import ActionChunk
from policy_node.evaluation import EvaluationConfig, run_episode
from policy_node.lockstep import evaluate_in_simulator
from policy_node.named_joints import InPolicyOrder, joint_order
from policy_node.policy import Policy
from vip_models.goals import Goal
from vip_ros.errors import UserError

FINGERS = ("panda_finger_joint1", "panda_finger_joint2")
DEFAULT = EvaluationConfig()


class Encoder:
    id = ENCODER

    def encode(self, frames: np.ndarray, batch_size: int = 8) -> np.ndarray:
        return np.zeros((len(frames), DIM), np.float32)


class Scene:
    """A robot that is where it is told, and never done."""

    gripper, success = 0.0, False
    made: list[Scene] = []

    def __init__(self, task: str = "", seed: int = 0) -> None:
        self.reset(seed)
        self.made.append(self)

    def reset(self, seed: int) -> None:
        self.q, self.time, self.commands = READY.copy(), 7.0, []

    def observe(self) -> tuple[np.ndarray, np.ndarray, float]:
        return np.zeros((2, 2, 3), np.uint8), self.q.copy(), self.time

    def advance(self, q_target: np.ndarray, gripper_target: float, duration: float) -> None:
        self.q, self.time = q_target.copy(), self.time + duration
        self.commands.append(q_target)

    def close(self) -> None:
        pass


class Noting(Policy):
    """Notes when it acts."""

    def __init__(self, bundle: Any) -> None:
        super().__init__(bundle)
        self.times: list[float] = []

    def act(self, embedding: Any, q: Any, time: float | None = None) -> ActionChunk:
        self.times.append(time or 0.0)
        return super().act(embedding, q, time)


def _times(folder: Path, rate: float, config: EvaluationConfig) -> np.ndarray:
    policy = Noting(load_bundle(toy_bundle(folder / "policy", rate=rate)))
    run_episode(policy, Encoder(), Scene(), 0, config)
    return np.array(policy.times) - 7.0


@pytest.mark.parametrize("rate", [3.0, 6.0, 7.0, 8.0, 12.0, 15.0, 19.0])
def test_a_rate_that_does_not_divide_evenly_is_kept_in_the_mean(tmp_path: Path, rate: float) -> None:
    times = _times(tmp_path, rate, EvaluationConfig(timeout=20.0))
    assert len(times) == 20 * rate
    late = times - np.arange(len(times)) / rate
    assert late.min() > -1e-6 and late.max() < 0.05


@pytest.mark.parametrize("rate", [1.0, 2.0, 4.0, 5.0, 10.0, 20.0])
def test_a_rate_that_divides_evenly_acts_at_every_so_many_commands(tmp_path: Path, rate: float) -> None:
    times = _times(tmp_path, rate, EvaluationConfig(timeout=20.0))
    assert times == pytest.approx(np.arange(20 * rate) / rate, abs=1e-6)


def test_a_faster_control_step_allows_a_faster_policy(tmp_path: Path) -> None:
    assert len(_times(tmp_path, 40.0, EvaluationConfig(timeout=2.0, control_step=0.025))) == 80


@pytest.mark.parametrize("rate", [21.0, 30.0, 40.0, 50.0])
def test_a_rate_above_that_of_the_commands_is_refused(tmp_path: Path, rate: float) -> None:
    bundle = toy_bundle(tmp_path / "policy", rate=rate)
    for run in (
        lambda: run_episode(Policy(load_bundle(bundle)), Encoder(), Scene(), 0, DEFAULT),
        lambda: evaluate_in_simulator(bundle, lambda config: Encoder(), "", 1),
    ):
        with pytest.raises(UserError, match=f"acts at {rate:g} Hz.*20 commands per second.*--live") as caught:
            run()
        assert "\n" not in str(caught.value)


def _no_encoder(config: object) -> Encoder:
    raise AssertionError("an encoder is loaded for a policy that cannot run")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"joints": [f"fr3_joint{i}" for i in range(1, 8)]}, "needs joint 'fr3_joint1'"),
        ({"joints": [*JOINTS, "lift"]}, "needs joint 'lift'"),
        ({"joints": JOINTS[:6]}, "moves .*panda_joint6 and senses none, the robot has .*panda_joint7"),
        ({"joints": [*JOINTS, FINGERS[0]]}, "moves .*panda_finger_joint1 and senses none"),
    ],
)
def test_a_policy_of_another_robot_is_one_line(
    tmp_path: Path, changes: dict[str, Any], complaint: str
) -> None:
    bundle = toy_bundle(tmp_path / "policy", **changes)
    with pytest.raises(UserError, match=complaint) as caught:
        evaluate_in_simulator(bundle, _no_encoder, "", 1)
    assert "\n" not in str(caught.value)


def test_only_fingers_are_senses() -> None:
    for config in (
        toy_config(joints=JOINTS[:6], senses=JOINTS[6:]),
        toy_config(senses=["panda_finger_joint3"]),
    ):
        with pytest.raises(UserError):
            joint_order(config, JOINTS, FINGERS)
    assert joint_order(toy_config(senses=[FINGERS[1]]), JOINTS, FINGERS) == list(range(7))


def test_joints_come_and_go_by_name() -> None:
    names = [JOINTS[i] for i in (2, 0, 1, 6, 5, 4, 3)]
    scene = Scene()
    shown = InPolicyOrder(scene, joint_order(toy_config(joints=names), JOINTS, FINGERS))
    frame, q, time = shown.observe()
    assert dict(zip(names, q, strict=True)) == dict(zip(JOINTS, READY, strict=True))
    assert frame.shape == (2, 2, 3) and time == 7.0 and not shown.success and shown.gripper == 0.0
    shown.advance(np.array([int(name[-1]) for name in names], float), 0.0, 0.05)
    assert scene.commands[0].tolist() == [1, 2, 3, 4, 5, 6, 7]


def test_a_policy_that_counts_the_joints_otherwise_moves_the_same_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("franka_node.sim.lockstep.LockstepEnv", Scene)
    monkeypatch.setattr(Scene, "made", [])
    for order in (range(7), (6, 2, 0, 1, 5, 4, 3)):
        config = toy_config(joints=[JOINTS[i] for i in order])
        tensors = toy_tensors(config)
        tensors["output_mean"] = np.tile(0.01 * np.array(order, np.float32), config.horizon)
        folder = tmp_path / f"policy_{len(Scene.made)}"
        save_bundle(folder, config, tensors, Goal("g", ENCODER, np.ones(DIM, np.float32)))
        evaluate_in_simulator(folder, lambda config: Encoder(), "", 1, config=EvaluationConfig(timeout=1.0))
    straight, mixed = (np.array(scene.commands) for scene in Scene.made)
    np.testing.assert_array_equal(straight, mixed)
    assert straight[-1, 6] > straight[-1, 0] + 0.01
