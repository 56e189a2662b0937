"""The simulated arm and table: the same seed is the same scene, servos obey, the drawer tells its state."""

from __future__ import annotations

import numpy as np
import pytest

from franka_node.limits import FER
from franka_node.sim.tasks import TASKS, task_name
from franka_node.sim.tasks.close_drawer import CLOSED, OPENING
from franka_node.sim.world import World
from vip_ros.errors import InternalError, UserError

VARIED = (
    "body_pos",
    "body_quat",
    "geom_rgba",
    "geom_size",
    "mat_rgba",
    "light_pos",
    "light_diffuse",
    "cam_pos",
)


def scene_of(world: World) -> list[np.ndarray]:
    return [world.qpos, *(getattr(world.model, field).copy() for field in VARIED)]


@pytest.mark.parametrize("variation", ["standard", "cluttered", "colours", "broad"])
def test_a_seed_is_one_scene_whatever_came_before(variation):
    fresh = World("close_drawer", 5, variation)
    used = World("close_drawer", 1, "broad")
    used.step(used.q + 0.1, 0.04, 0.3)
    used.variation = variation
    used.reset(5)
    for mine, other in zip(scene_of(fresh), scene_of(used), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_the_same_commands_end_in_the_same_state():
    first, second = World("close_drawer", 3), World("close_drawer", 3)
    for world in (first, second):
        for _ in range(20):
            world.step(world.q + 0.02, 0.03, 0.05)
    np.testing.assert_array_equal(first.qpos, second.qpos)


def test_seeds_differ_in_place_and_opening():
    world = World("close_drawer")
    places, openings = [], []
    for seed in range(30):
        world.reset(seed)
        places.append(world.model.body("cabinet").pos[:2].copy())
        openings.append(float(world.data.joint("drawer").qpos[0]))
    assert np.all(np.ptp(places, axis=0) > 0.10)
    assert OPENING[0] <= min(openings) < 0.09 and 0.14 < max(openings) <= OPENING[1]


def test_success_is_read_from_the_drawer():
    world = World("close_drawer", 2)
    assert not world.success
    qpos = world.qpos
    address = world.model.joint("drawer").qposadr[0]
    for opening, done in ((CLOSED + 0.001, False), (CLOSED - 0.001, True)):
        qpos[address] = opening
        world.set_qpos(qpos)
        assert world.success is done


def test_servos_reach_a_target_and_hold_against_gravity():
    world = World("close_drawer", 0)
    target = world.q + np.array([0.2, -0.1, 0.1, 0.1, -0.2, 0.1, 0.3])
    world.step(target, 0.0, 1.0)
    world.step(target, 0.0, 1.0)
    np.testing.assert_allclose(world.q, target, atol=2e-3)
    np.testing.assert_allclose(world.dq, 0.0, atol=1e-2)
    assert world.time == pytest.approx(2.0)


def test_servos_follow_a_moving_target_with_little_lag():
    world = World("close_drawer", 0)
    start = world.q
    for i in range(1, 101):
        world.step(start + 0.005 * i, 0.0, 0.01)
    assert np.abs(start + 0.5 - world.q).max() < 0.04 * 0.5  # rad: 40 ms behind at 0.5 rad/s


def test_no_command_drives_a_joint_past_its_limits():
    world = World("close_drawer", 0)
    for target in (np.full(7, 10.0), np.full(7, -10.0)):
        for _ in range(40):
            world.step(target, 1.0, 0.05)
            assert np.all(world.q > FER.lower - 0.02) and np.all(world.q < FER.upper + 0.02)


def test_the_gripper_opens_at_the_hands_own_speed():
    world = World("close_drawer", 0)
    assert world.gripper == pytest.approx(0.0, abs=1e-3)
    world.step(world.q, 0.08, 0.4)
    assert world.gripper == pytest.approx(0.04, abs=0.01)
    world.step(world.q, 0.08, 0.8)
    assert world.gripper == pytest.approx(0.08, abs=2e-3)


def test_task_names_match_in_any_spelling():
    assert {task_name(text) for text in ("CloseDrawer", "close-drawer", "CLOSE_DRAWER")} == {"close_drawer"}
    assert "close_drawer" in TASKS.names()
    with pytest.raises(UserError, match="close_drawer"):
        World("close_drawr")


def test_a_state_of_another_scene_is_refused():
    with pytest.raises(InternalError, match="positions"):
        World("close_drawer").set_qpos(np.zeros(3))
    with pytest.raises(InternalError, match="variation"):
        World("close_drawer", 0, "wild")
