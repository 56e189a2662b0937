"""Smoothness figures of a distance curve."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vip_reward_node.metrics import bumps, voc
from vip_ros.errors import UserError


def test_bumps_count_the_steps_away_from_the_goal() -> None:
    assert bumps([4.0, 3.0, 3.5, 3.5, 0.0]) == 0.25


def test_a_curve_that_only_falls_has_no_bumps_and_perfect_order() -> None:
    assert bumps([3.0, 2.0, 1.0]) == 0.0
    assert voc([3.0, 2.0, 1.0]) == pytest.approx(1.0)


def test_a_curve_that_only_rises_has_reversed_order() -> None:
    assert voc([1.0, 2.0, 3.0]) == pytest.approx(-1.0)


def test_a_constant_curve_has_no_order() -> None:
    assert voc([2.0, 2.0, 2.0]) == 0.0


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=2, max_size=30))
def test_voc_is_spearmans_rank_correlation(values: list[int]) -> None:
    stats = pytest.importorskip("scipy.stats", reason="scipy, the reference, is not installed")
    if len(set(values)) == 1:
        return
    expected = stats.spearmanr(np.arange(len(values)), -np.array(values)).statistic
    assert voc(values) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("figure", [bumps, voc])
def test_one_frame_makes_no_curve(figure) -> None:
    with pytest.raises(UserError, match="1 frame"):
        figure([1.0])
