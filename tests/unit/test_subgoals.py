"""Stages of a demonstration, found in its embeddings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vip_reward_node.subgoals import Decomposition, find_subgoals, smooth, stage_budgets
from vip_ros.errors import UserError


def path(*corners: tuple[float, float], frames: int = 40) -> np.ndarray:
    """Return embeddings [T, 2] that walk straight from corner to corner in that many frames each."""
    legs = [
        np.linspace(start, end, frames, endpoint=False)
        for start, end in zip(corners, corners[1:], strict=False)
    ]
    return np.concatenate([*legs, np.array(corners[-1:])])


def reference(embeddings: np.ndarray, how: Decomposition) -> list[int]:
    """Return the same as find_subgoals, written as the paper's pseudo-code with scipy's filters."""
    signal = pytest.importorskip("scipy.signal", reason="scipy, the reference, is not installed")
    goal = len(embeddings) - 1
    found = [goal]
    while goal > how.min_interval:
        curve = np.linalg.norm(embeddings[: goal + 1] - embeddings[goal], axis=1)
        frames = np.arange(goal + 1.0)
        if how.smoothing == "kernel":
            weights = np.exp(-how.gamma * (frames[:, None] - frames) ** 2)
            curve = weights @ curve / weights.sum(axis=1)
        elif how.smoothing == "savgol":
            curve = signal.savgol_filter(curve, how.window, how.order, mode="nearest")
        latest = [
            maximum
            for maximum in signal.argrelextrema(curve, np.greater)[0]
            if goal - maximum > how.min_interval and maximum > how.min_interval
        ]
        if not latest:
            break
        goal = int(latest[-1])
        found.append(goal)
    return found[::-1]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 200),
    st.sampled_from(["kernel", "savgol", "none"]),
    st.integers(1, 30),
)
def test_stages_are_those_of_the_published_algorithm(
    seed: int, frames: int, smoothing: str, interval: int
) -> None:
    walk = np.cumsum(np.random.default_rng(seed).normal(size=(frames, 4)), axis=0)
    how = Decomposition(smoothing=smoothing, min_interval=interval)
    assert find_subgoals(walk, how) == reference(walk, how)


@pytest.mark.parametrize("smoothing", ["kernel", "none"])
def test_there_and_back_has_a_stage_at_the_turning_point(smoothing: str) -> None:
    ends = find_subgoals(path((0.0, 0.0), (1.0, 0.0), (0.1, 0.2)), Decomposition(smoothing=smoothing))
    assert len(ends) == 2
    assert abs(ends[0] - 40) <= 1
    assert ends[1] == 80


def test_a_straight_way_is_one_stage() -> None:
    assert find_subgoals(path((0.0, 0.0), (5.0, 3.0))) == [40]


def test_stages_are_longer_than_the_minimum_interval() -> None:
    walk = np.cumsum(np.random.default_rng(1).normal(size=(300, 3)), axis=0)
    for interval in (3, 10, 40):
        ends = find_subgoals(walk, Decomposition(min_interval=interval))
        assert min(np.diff([0, *ends])) > interval


def test_looking_back_can_be_limited() -> None:
    there_and_back = path((0.0, 0.0), (1.0, 0.0), (0.1, 0.2), frames=40)
    assert find_subgoals(there_and_back, Decomposition(reach=30)) == [80]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.floats(1e-3, 1e3))
def test_stages_do_not_depend_on_the_scale_of_the_embeddings(seed: int, scale: float) -> None:
    walk = np.cumsum(np.random.default_rng(seed).normal(size=(120, 4)), axis=0)
    assert find_subgoals(walk * scale) == find_subgoals(walk)


def test_budgets_are_the_frames_of_each_stage() -> None:
    assert stage_budgets([19, 50, 80]) == [20, 31, 30]
    assert sum(stage_budgets([19, 50, 80])) == 81


@pytest.mark.parametrize("smoothing", ["kernel", "savgol", "none"])
def test_smoothing_keeps_the_level_of_a_flat_curve(smoothing: str) -> None:
    flat = smooth(np.full(200, 3.0), Decomposition(smoothing=smoothing))
    assert flat == pytest.approx(np.full(200, 3.0), abs=1e-9)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"smoothing": "median"}, "unknown smoothing 'median'"),
        ({"min_interval": 0}, "minimum interval"),
        ({"window": 4}, "odd window"),
        ({"gamma": 0.0}, "gamma"),
    ],
)
def test_what_cannot_be_computed_is_refused(change: dict, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        Decomposition(**change)


def test_no_frames_are_no_demonstration() -> None:
    with pytest.raises(UserError, match="no demonstration"):
        find_subgoals(np.empty((0, 3)))
