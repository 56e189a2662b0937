"""Subgoals followed frame by frame: when they switch, and that live and offline are one."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import MeanColour
from hypothesis import given, settings
from hypothesis import strategies as st

from vip_models.goals import Goal, Subgoals
from vip_reward_node.goal_maker import GoalMaker
from vip_reward_node.pipeline import RewardPipeline
from vip_reward_node.tracker import Judgement, ReachRule, RewardTracker, judge

RATE = 10.0


def staged(corners: list[list[float]], budgets: list[int], encoder: str = "encoder@0") -> Goal:
    stages = Subgoals(np.array(corners), np.array(budgets), RATE)
    return Goal("staged", encoder, stages.embeddings[-1], subgoals=stages)


@pytest.fixture
def goal() -> Goal:
    """Return the goal of a demonstration that goes 10 right in 10 frames, then 10 up in 10 frames."""
    return staged([[10.0, 0.0], [10.0, 10.0]], [11, 10])


@pytest.fixture
def demonstration() -> np.ndarray:
    return np.array([[x, 0.0] for x in range(11)] + [[10.0, y] for y in range(1, 11)], np.float32)


def test_the_demonstration_itself_passes_each_subgoal_and_reaches_the_goal(
    goal: Goal, demonstration: np.ndarray
) -> None:
    verdict = judge(demonstration, goal)
    # Below 20 % of the way and within 3 frames of the budget: at x = 9.
    assert verdict.subgoal_index.tolist() == [0] * 10 + [1] * 11
    assert verdict.reached.tolist() == [False] * 18 + [True] * 3
    assert verdict.subgoal_count == 2
    assert verdict.initial_distances[0] == 10.0
    assert verdict.initial_distances[-1] == pytest.approx(np.hypot(1.0, 10.0))


def test_the_last_frame_of_a_subgoal_is_the_first_of_the_next(goal: Goal, demonstration: np.ndarray) -> None:
    tracker = RewardTracker(goal)
    samples = [tracker.update(row) for row in demonstration]
    last = next(index for index, sample in enumerate(samples) if sample.passed)
    assert (samples[last].subgoal_index, samples[last + 1].subgoal_index) == (0, 1)
    assert samples[last].distance == 1.0
    start = samples[last + 1].initial_distance
    assert start == pytest.approx(np.linalg.norm(demonstration[last] - [10.0, 10.0]))
    assert samples[last + 1].reward == pytest.approx(start - samples[last + 1].distance)


def test_a_subgoal_that_comes_too_early_is_not_believed(goal: Goal) -> None:
    hurry = np.array([[0.0, 0.0]] + [[10.0, 0.0]] * 12)
    index = judge(hurry, goal).subgoal_index
    # The budget is 11: from the 8th frame on, 3 before it, being there counts.
    assert index.tolist() == [0] * 8 + [1] * 5


def test_a_subgoal_that_never_comes_is_left_when_its_budget_is_spent(goal: Goal) -> None:
    astray = np.tile([0.0, 5.0], (20, 1))
    index = judge(astray, goal).subgoal_index
    assert index.tolist() == [0] * 15 + [1] * 5


def test_the_last_subgoal_is_never_left(goal: Goal) -> None:
    assert judge(np.tile([0.0, 5.0], (200, 1)), goal).subgoal_index[-1] == 1


@pytest.mark.parametrize(("ratio", "slack", "switch"), [(0.35, 3.0, 8), (0.2, 3.0, 10), (0.2, 0.0, 11)])
def test_ratio_and_slack_say_when_it_switches(
    goal: Goal, demonstration: np.ndarray, ratio: float, slack: float, switch: int
) -> None:
    index = judge(demonstration, goal, rule=ReachRule(ratio=ratio, slack=slack)).subgoal_index
    assert int(np.argmax(index)) == switch


def test_a_camera_at_half_the_rate_spends_the_budget_as_fast(goal: Goal, demonstration: np.ndarray) -> None:
    stamps = np.arange(21) / RATE
    full = judge(demonstration, goal, stamps)
    half = judge(demonstration[::2], goal, stamps[::2])
    assert full.subgoal_index.tolist() == judge(demonstration, goal).subgoal_index.tolist()
    assert half.subgoal_index.tolist() == [0] * 6 + [1] * 5


def test_reset_goes_back_to_the_first_subgoal(goal: Goal, demonstration: np.ndarray) -> None:
    tracker = RewardTracker(goal)
    before = [tracker.update(row) for row in demonstration]
    tracker.reset()
    assert [tracker.update(row) for row in demonstration] == before


def test_a_threshold_of_its_own_says_when_the_last_subgoal_is_reached(demonstration: np.ndarray) -> None:
    plain = staged([[10.0, 0.0], [10.0, 10.0]], [11, 10])
    goal = Goal("strict", plain.encoder, plain.embedding, threshold=0.5, subgoals=plain.subgoals)
    assert judge(demonstration, goal).reached.tolist() == [False] * 20 + [True]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 60), st.integers(1, 5), st.floats(0.0, 2e9))
def test_rewards_of_each_stage_sum_to_the_distance_covered_in_it(
    seed: int, frames: int, stages: int, origin: float
) -> None:
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(size=(frames, 3)), axis=0)
    goal = staged(rng.normal(size=(stages, 3)) * 5.0, rng.integers(1, 15, stages))
    verdict = judge(walk, goal, origin + np.arange(frames) / RATE)
    starts = [0, *(np.flatnonzero(np.diff(verdict.subgoal_index)) + 1), frames]
    for first, after in zip(starts, starts[1:], strict=False):
        # Reward i leads to frame i + 1.
        gained = verdict.rewards[max(first - 1, 0) : after - 1].sum()
        assert gained == pytest.approx(verdict.initial_distances[first] - verdict.distances[after - 1])
    assert verdict.value_curve[0] - verdict.value_curve[-1] == pytest.approx(verdict.rewards.sum())


def test_live_subgoals_equal_offline_ones(goal: Goal) -> None:
    encoder = MeanColour()
    rng = np.random.default_rng(5)
    frames = rng.integers(0, 256, (60, 4, 6, 3), np.uint8)
    embeddings = encoder.encode(frames)
    goal = staged(list(embeddings[[19, 39, 59]] + 1.0), [20, 20, 20], encoder.id)
    stamps = 1.7e9 + np.sort(rng.uniform(0.0, 6.0, 60))
    pipeline = RewardPipeline(GoalMaker(encoder))
    pipeline.set_goal(goal)
    samples = [pipeline.process(rgb, stamp).sample for rgb, stamp in zip(frames, stamps, strict=True)]
    offline: Judgement = judge(embeddings, goal, stamps)
    assert len(set(offline.subgoal_index)) == 3
    assert [sample.subgoal_index for sample in samples] == offline.subgoal_index.tolist()
    assert [sample.distance for sample in samples] == offline.distances.tolist()
    assert [sample.initial_distance for sample in samples] == offline.initial_distances.tolist()
    assert [sample.reward for sample in samples[1:]] == offline.rewards.tolist()
    assert [sample.reached for sample in samples] == offline.reached.tolist()
