"""Scripted demonstrations: experts succeed, others fail as told, nobody breaks a limit, no two are alike."""

from __future__ import annotations

import numpy as np
import pytest

from franka_node.limits import FER
from franka_node.sim.experts import expert
from franka_node.sim.world import World
from vip_ros.errors import UserError

RATE = 20.0


def play(world: World, seed: int, style: str = "expert") -> np.ndarray:
    """Play one demonstration; return its joint targets [T, 7]."""
    world.reset(seed)
    targets = []
    for q_target, gripper in expert(world, np.random.default_rng(seed), style, RATE):
        world.step(q_target, gripper, 1.0 / RATE)
        targets.append(q_target)
    return np.stack(targets)


def test_nineteen_of_twenty_experts_close_the_drawer_in_a_few_seconds_inside_the_limits():
    world = World("close_drawer")
    successes = 0
    for seed in range(20):
        targets = play(world, seed)
        successes += world.success
        assert 2.5 < len(targets) / RATE < 6.0
        assert np.all(targets > FER.lower) and np.all(targets < FER.upper)
        assert np.all(np.abs(np.diff(targets, axis=0)) * RATE < FER.velocity)
        assert np.all(np.abs(np.diff(targets, 2, axis=0)) * RATE**2 < FER.acceleration)
    assert successes >= 19


@pytest.mark.parametrize("style", ["miss", "short", "wander"])
def test_failures_fail(style):
    world = World("close_drawer")
    assert not any(play(world, seed, style) is not None and world.success for seed in range(4))


def test_detours_take_longer_and_still_succeed():
    world = World("close_drawer")
    direct = [len(play(world, seed)) for seed in range(4)]
    detours, successes = [], 0
    for seed in range(4):
        detours.append(len(play(world, seed, "detour")))
        successes += world.success
    assert np.mean(detours) > np.mean(direct) + 10
    assert successes >= 3


def test_demonstrations_of_one_scene_vary_with_the_demonstrator():
    world = World("close_drawer", 3)
    first = [q for q, _ in expert(world, np.random.default_rng(0))]
    again = [q for q, _ in expert(world, np.random.default_rng(0))]
    other = [q for q, _ in expert(world, np.random.default_rng(1))]
    np.testing.assert_array_equal(first, again)
    shortest = min(len(first), len(other))
    assert np.abs(np.array(first[:shortest]) - np.array(other[:shortest])).max() > 0.02


def test_a_motion_learned_by_heart_often_fails_elsewhere():
    world = World("close_drawer")
    motion = play(world, 0)
    successes = 0
    for seed in range(1, 17):
        world.reset(seed)
        for q_target in motion:
            world.step(q_target, 0.0, 1.0 / RATE)
        successes += world.success
    assert successes <= 12


def test_an_unknown_style_is_named_with_those_that_exist():
    world = World("close_drawer")
    with pytest.raises(UserError, match="expert"):
        next(expert(world, np.random.default_rng(0), "exprt"))
