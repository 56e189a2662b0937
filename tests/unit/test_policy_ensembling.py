"""Temporal ensembling: what several chunks plan for one moment becomes one target."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.policies import DIM, READY, toy_bundle

from policy_node.bundle import load_bundle
from policy_node.chunks import ActionChunk
from policy_node.ensembling import Ensemble
from policy_node.policy import Policy


def _chunk(values: list[float], gripper: list[float] | None = None) -> ActionChunk:
    return ActionChunk(np.array(values)[:, None], None if gripper is None else np.array(gripper), 0.1)


def test_without_a_span_chunks_are_left_as_they_are() -> None:
    ensemble = Ensemble(0.0)
    ensemble.blend(0.0, _chunk([1.0, 2.0]))
    chunk = _chunk([5.0, 6.0])
    assert ensemble.blend(0.1, chunk) is chunk


def test_points_planned_twice_are_weighted_by_the_age_of_their_chunk() -> None:
    ensemble = Ensemble(0.2)
    ensemble.blend(0.0, _chunk([0.0, 1.0, 2.0], [0.0, 0.0, 0.08]))
    blended = ensemble.blend(0.1, _chunk([2.0, 3.0, 4.0], [0.08, 0.08, 0.08]))
    old = np.exp(-0.1 / 0.2)
    # The first chunk planned 1.0 and 2.0 for the first two moments, and nothing for the third.
    assert blended.positions[:, 0] == pytest.approx(
        [(2 + old * 1) / (1 + old), (3 + old * 2) / (1 + old), 4.0]
    )
    assert blended.gripper == pytest.approx([0.08 / (1 + old), 0.08, 0.08])


def test_chunks_that_ended_and_a_clock_that_stepped_back_count_no_more() -> None:
    ensemble = Ensemble(10.0)
    ensemble.blend(0.0, _chunk([9.0, 9.0]))
    late = ensemble.blend(0.5, _chunk([1.0, 1.0]))
    assert late.positions[:, 0] == pytest.approx([1.0, 1.0])
    earlier = ensemble.blend(0.4, _chunk([3.0, 3.0]))
    assert earlier.positions[:, 0] == pytest.approx([3.0, 3.0])


def test_a_policy_forgets_the_run_before(tmp_path: Path) -> None:
    policy = Policy(load_bundle(toy_bundle(tmp_path / "policy", ensemble=1.0)))
    first = policy.act(np.zeros(DIM), READY, 0.0)
    policy.act(np.ones(DIM), READY, 0.1)
    policy.reset()
    assert np.array_equal(policy.act(np.zeros(DIM), READY, 0.2).positions, first.positions)


def test_a_policy_may_see_the_picture_with_which_its_run_began(tmp_path: Path) -> None:
    bundle = load_bundle(toy_bundle(tmp_path / "policy"))
    # Twice the inputs: the weight of the first picture's first feature moves every joint.
    tensors = {
        "input_mean": np.zeros(2 * DIM + 7, np.float32),
        "input_std": np.ones(2 * DIM + 7, np.float32),
        "output_mean": np.zeros(21, np.float32),
        "output_std": np.ones(21, np.float32),
        "layers.0.weight": np.zeros((21, 2 * DIM + 7), np.float32),
        "layers.0.bias": np.zeros(21, np.float32),
    }
    tensors["layers.0.weight"][:, DIM] = 1.0
    config = replace(bundle.config, first_embedding=True)
    policy = Policy(replace(bundle, config=config, network=type(bundle.network)(tensors)))
    assert config.input_size == policy._network.input_size
    begin = policy.act(np.full(DIM, 0.3), READY)
    later = policy.act(np.full(DIM, 0.9), READY)
    assert np.allclose(later.positions, begin.positions) and np.allclose(begin.positions[0] - READY, 0.3)
    policy.reset()
    assert np.allclose(policy.act(np.full(DIM, 0.9), READY).positions[0] - READY, 0.9)
