"""Closed-loop episodes without ROS: latency, holding a success, the figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.policies import DIM, ENCODER, READY, toy_bundle

from policy_node.bundle import load_bundle
from policy_node.chunks import ActionChunk
from policy_node.evaluation import EpisodeResult, EvaluationConfig, evaluate, run_episode, summary
from policy_node.lockstep import evaluate_in_simulator
from policy_node.policy import Policy
from vip_ros.errors import UserError


class Encoder:
    id = ENCODER

    def encode(self, frames: np.ndarray, batch_size: int = 8) -> np.ndarray:
        return np.zeros((len(frames), DIM), np.float32)


class Line:
    """A robot that is where it is told; solved once joint 1 has moved far enough."""

    gripper = 0.0

    def __init__(self, needed: float = 0.5) -> None:
        self.q, self.time, self.needed = READY.copy(), 7.0, needed
        self.commands: list[np.ndarray] = []

    @property
    def success(self) -> bool:
        return bool(self.q[0] >= READY[0] + self.needed)

    def observe(self) -> tuple[np.ndarray, np.ndarray, float]:
        return np.zeros((2, 2, 3), np.uint8), self.q.copy(), self.time

    def advance(self, q_target: np.ndarray, gripper_target: float, duration: float) -> None:
        self.q, self.time = q_target.copy(), self.time + duration
        self.commands.append(q_target)


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    return Policy(load_bundle(toy_bundle(tmp_path / "policy")))


def test_nothing_moves_before_the_latency_has_passed(policy: Policy) -> None:
    line = Line()
    run_episode(policy, Encoder(), line, 0, EvaluationConfig(timeout=0.5, latency=0.1, control_step=0.05))
    assert np.allclose(line.commands[:2], READY)
    # The first chunk is due at 0.1, 0.2, 0.3 s after its picture; at 0.15 s it lies between two points.
    assert line.commands[2][0] == pytest.approx(READY[0] + 0.03)


def test_success_must_hold(policy: Policy) -> None:
    config = EvaluationConfig(timeout=20.0, latency=0.0, hold=0.3)
    result = run_episode(policy, Encoder(), Line(0.1), 5, config)
    assert result.success
    assert result.seed == 5
    assert result.duration >= 0.1 / 0.2 + 0.3 - 0.11


def test_time_is_up_without_success(policy: Policy) -> None:
    result = run_episode(policy, Encoder(), Line(1e9), 5, EvaluationConfig(timeout=1.0))
    assert result == EpisodeResult(5, False, 1.0)


def test_summary_has_rate_and_interval(policy: Policy) -> None:
    config = EvaluationConfig(timeout=2)
    results = list(evaluate(policy, Encoder(), lambda seed: Line(0.1 if seed % 2 else 1e9), [1, 2], config))
    figures = summary(results)
    assert (figures["episodes"], figures["successes"], figures["success_rate"]) == (2, 1, 0.5)
    assert figures["wilson95"] == pytest.approx([0.0945, 0.9055], abs=1e-3)
    assert [episode["success"] for episode in figures["episode_details"]] == [True, False]


def test_another_encoder_is_refused(tmp_path: Path) -> None:
    other = Encoder()
    other.id = "other@1"
    with pytest.raises(UserError, match="trained on encoder"):
        evaluate_in_simulator(toy_bundle(tmp_path / "policy"), lambda config: other, "", 1)


def test_unknown_task_names_the_near_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="close_drawer"):
        evaluate_in_simulator(toy_bundle(tmp_path / "policy"), lambda config: Encoder(), "ClozeDrawer", 1)


def test_a_policy_that_senses_a_finger_is_told_where_it_is(policy: Policy) -> None:
    line = Line()
    line.gripper = 0.06
    seen: list[np.ndarray] = []

    class Watched(Policy):
        def reset(self) -> None:
            pass

        def act(self, embedding: np.ndarray, q: np.ndarray, time: float | None = None) -> ActionChunk:
            seen.append(np.asarray(q))
            return policy.act(embedding, q[:7])

    watched = Watched.__new__(Watched)
    watched.config = replace(policy.config, senses=["panda_finger_joint1"])
    run_episode(watched, Encoder(), line, 0, EvaluationConfig(timeout=0.2))
    assert seen[0].shape == (8,) and seen[0][7] == pytest.approx(0.03)
