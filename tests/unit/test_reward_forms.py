"""Dense, sparse and normalised rewards, and the laws that hold for any embeddings."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vip_models.distances import distances
from vip_models.goals import Goal
from vip_reward_node.reward import RewardForm, RewardSample, rewards
from vip_reward_node.tracker import ReachRule, judge
from vip_ros.errors import UserError

COORDINATES = st.floats(-100, 100, width=32)
WALKS = arrays(np.float32, (6, 4), elements=COORDINATES)
POINTS = arrays(np.float32, (4,), elements=COORDINATES)


def goal_at(point: np.ndarray, threshold: float | None = None, metric: str = "l2") -> Goal:
    return Goal("goal", "encoder@0", point, threshold=threshold, metric=metric)


LINE = np.array([[4.0, 0.0], [3.0, 0.0], [3.5, 0.0], [0.5, 0.0], [0.0, 0.0]])
ORIGIN = np.zeros(2, np.float32)


@settings(max_examples=50, deadline=None)
@given(WALKS, POINTS, st.sampled_from(["l2", "cosine"]))
def test_rewards_sum_to_the_value_gained(walk: np.ndarray, goal: np.ndarray, metric: str) -> None:
    curve = distances(walk, goal, metric)
    assert rewards(walk, goal, metric).sum() == pytest.approx(curve[0] - curve[-1], abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(WALKS, POINTS)
def test_reward_is_positive_exactly_where_the_distance_falls(walk: np.ndarray, goal: np.ndarray) -> None:
    assert np.array_equal(rewards(walk, goal) > 0.0, np.diff(distances(walk, goal)) < 0.0)


@settings(max_examples=50, deadline=None)
@given(WALKS, POINTS)
def test_going_back_takes_the_reward_back(walk: np.ndarray, goal: np.ndarray) -> None:
    assert np.array_equal(rewards(walk[::-1], goal), -rewards(walk, goal)[::-1])


@settings(max_examples=50, deadline=None)
@given(WALKS, POINTS, st.floats(0.01, 100.0))
def test_embeddings_of_another_scale_scale_the_rewards_and_leave_the_normalised_ones(
    walk: np.ndarray, goal: np.ndarray, scale: float
) -> None:
    walk, goal = walk.astype(np.float64), goal.astype(np.float64)
    assert rewards(walk * scale, goal * scale) == pytest.approx(rewards(walk, goal) * scale, abs=1e-6)
    assert distances(walk * scale, goal, "cosine") == pytest.approx(distances(walk, goal, "cosine"), abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(WALKS, POINTS, st.integers(-6, 6))
def test_normalised_rewards_do_not_depend_on_the_scale_of_the_embeddings(
    walk: np.ndarray, goal: np.ndarray, power: int
) -> None:
    scale, form = np.float32(2.0**power), RewardForm(normalise=True)
    before, after = (judge(walk * by, goal_at(goal * by), form=form) for by in (np.float32(1.0), scale))
    if before.raw_distances[0] > 0.0:
        assert after.rewards == pytest.approx(before.rewards, rel=1e-9)
        assert after.distances == pytest.approx(before.distances, rel=1e-9)


@settings(max_examples=50, deadline=None)
@given(WALKS, POINTS)
def test_cosine_distance_is_one_minus_the_cosine(walk: np.ndarray, goal: np.ndarray) -> None:
    lengths = np.linalg.norm(walk.astype(np.float64), axis=1) * np.linalg.norm(goal.astype(np.float64))
    if lengths.min() < 1e-3:
        return
    expected = 1.0 - walk.astype(np.float64) @ goal / lengths
    assert distances(walk, goal, "cosine") == pytest.approx(expected, abs=1e-6)


def test_normalised_distances_start_at_one_and_keep_the_shape() -> None:
    plain, normal = (
        judge(LINE, goal_at(ORIGIN)),
        judge(LINE, goal_at(ORIGIN), form=RewardForm(normalise=True)),
    )
    assert normal.distances.tolist() == [1.0, 0.75, 0.875, 0.125, 0.0]
    assert normal.rewards.tolist() == [0.25, -0.125, 0.75, 0.125]
    assert set(normal.initial_distances) == {1.0}
    assert normal.raw_distances.tolist() == normal.value_curve.tolist() == plain.distances.tolist()


def test_an_episode_that_starts_at_the_goal_is_not_divided_by_nothing() -> None:
    verdict = judge(LINE[::-1], goal_at(ORIGIN), form=RewardForm(normalise=True))
    assert verdict.distances.tolist() == LINE[::-1, 0].tolist()
    assert np.isfinite(verdict.rewards).all()


def test_sparse_reward_is_one_where_the_goal_is_reached() -> None:
    verdict = judge(LINE, goal_at(ORIGIN, threshold=0.5), form=RewardForm("sparse"))
    assert verdict.rewards.tolist() == [0.0, 0.0, 1.0, 1.0]
    assert verdict.distances.tolist() == LINE[:, 0].tolist()


def test_sparse_reward_can_go_by_progress() -> None:
    verdict = judge(LINE, goal_at(ORIGIN), rule=ReachRule(progress=0.9), form=RewardForm("sparse"))
    assert verdict.rewards.tolist() == [0.0, 0.0, 0.0, 1.0]
    assert verdict.reached.tolist() == [False, False, False, False, True]


def test_sparse_reward_of_a_goal_that_is_never_reached_is_refused() -> None:
    with pytest.raises(UserError, match="reached_progress"):
        judge(LINE, goal_at(ORIGIN), form=RewardForm("sparse"))


def test_a_first_frame_at_the_goal_has_no_sparse_reward() -> None:
    verdict = judge(LINE[:0:-1], goal_at(ORIGIN, threshold=0.1), form=RewardForm("sparse"))
    assert verdict.reached.tolist() == [True, False, False, False]
    assert verdict.rewards.tolist() == [0.0, 0.0, 0.0]


def test_unknown_mode_is_answered_with_those_that_exist() -> None:
    with pytest.raises(UserError, match="did you mean 'sparse'"):
        RewardForm("sparce")


@pytest.mark.parametrize("change", [{"progress": 1.5}, {"ratio": 0.0}, {"slack": -1.0}])
def test_a_rule_that_no_frame_could_meet_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(UserError, match="make no rule"):
        ReachRule(**change)


def test_a_sparse_reward_is_not_paid_for_the_frame_that_begins_an_episode() -> None:
    sample = RewardSample(0.1, 0.1, 0.0, 0.0, True, first=True)
    assert RewardForm("sparse").of(sample).reward == 0.0
    assert RewardForm("sparse").of(dataclasses.replace(sample, first=False)).reward == 1.0
