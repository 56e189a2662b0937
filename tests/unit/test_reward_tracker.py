"""The live reward of single frames and the offline reward of a whole video are one computation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vip_models.distances import distances
from vip_models.goals import Goal
from vip_reward_node.reward import progress, rewards
from vip_reward_node.tracker import RewardTracker
from vip_ros.errors import UserError


def goal_at(embedding: np.ndarray, threshold: float | None = None) -> Goal:
    return Goal("goal", "encoder@0", embedding, threshold=threshold)


@pytest.fixture
def walk() -> np.ndarray:
    """Embeddings [12, 64] of a random walk."""
    return np.cumsum(np.random.default_rng(3).normal(size=(12, 64)), axis=0).astype(np.float32)


def test_distance_is_the_euclidean_distance_of_the_embeddings() -> None:
    assert distances([[3.0, 4.0], [0.0, 0.0]], [0.0, 0.0]).tolist() == [5.0, 0.0]


def test_reward_is_the_decrease_of_distance_between_consecutive_frames() -> None:
    assert rewards([[3.0, 4.0], [0.0, 1.0], [0.0, 2.0]], [0.0, 0.0]).tolist() == [4.0, -1.0]


def test_live_rewards_equal_offline_rewards_exactly(walk: np.ndarray) -> None:
    tracker = RewardTracker(goal_at(walk[-1]))
    samples = [tracker.update(row) for row in walk]
    assert [sample.distance for sample in samples] == distances(walk, walk[-1]).tolist()
    assert [sample.reward for sample in samples[1:]] == rewards(walk, walk[-1]).tolist()
    assert [sample.progress for sample in samples] == progress(
        distances(walk, walk[-1]), samples[0].distance
    ).tolist()


def test_first_frame_has_no_reward_and_sets_the_initial_distance(walk: np.ndarray) -> None:
    tracker = RewardTracker(goal_at(walk[-1]))
    first, second = tracker.update(walk[0]), tracker.update(walk[1])
    assert (first.reward, first.progress) == (0.0, 0.0)
    assert second.initial_distance == first.distance == first.initial_distance


def test_reset_starts_a_new_episode(walk: np.ndarray) -> None:
    tracker = RewardTracker(goal_at(walk[-1]))
    tracker.update(walk[0])
    tracker.reset()
    sample = tracker.update(walk[5])
    assert sample.initial_distance == sample.distance
    assert sample.reward == 0.0


@pytest.mark.parametrize(("distance", "reached"), [(0.5, True), (0.6, False)])
def test_goal_is_reached_at_its_threshold(distance: float, reached: bool) -> None:
    goal = goal_at(np.zeros(2, np.float32), threshold=0.5)
    assert RewardTracker(goal).update([distance, 0.0]).reached is reached


def test_goal_without_threshold_is_never_reached() -> None:
    assert RewardTracker(goal_at(np.zeros(2, np.float32))).update([0.0, 0.0]).reached is False


def test_progress_is_finite_when_the_episode_starts_at_the_goal() -> None:
    assert progress(np.array([0.0, 1.0]), 0.0).tolist() == [1.0, 0.0]


def test_embedding_of_another_size_is_refused() -> None:
    with pytest.raises(UserError, match="do not fit"):
        RewardTracker(goal_at(np.zeros(3, np.float32))).update(np.zeros(2))


def test_embedding_that_is_not_finite_is_refused_and_changes_nothing() -> None:
    tracker = RewardTracker(goal_at(np.zeros(2, np.float32)))
    tracker.update([3.0, 4.0])
    with pytest.raises(UserError, match="not finite"):
        tracker.update([np.nan, 0.0])
    assert tracker.update([0.0, 4.0]).reward == 1.0


@settings(max_examples=50, deadline=None)
@given(
    arrays(np.float32, (6, 4), elements=st.floats(-100, 100, width=32)),
    arrays(np.float32, (4,), elements=st.floats(-100, 100, width=32)),
)
def test_rewards_of_an_episode_sum_to_the_distance_covered(embeddings: np.ndarray, goal: np.ndarray) -> None:
    curve = distances(embeddings, goal)
    assert rewards(embeddings, goal).sum() == pytest.approx(curve[0] - curve[-1], abs=1e-9)
