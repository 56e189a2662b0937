"""Every simulated task: experts do it, failures do not, and the outcome is read from the simulator."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest
from _pytest.mark import ParameterSet

from franka_node.limits import FER
from franka_node.sim.experts import expert
from franka_node.sim.gl import choose_backend
from franka_node.sim.panda import JOINT_NAMES
from franka_node.sim.renderer import Renderer
from franka_node.sim.tasks import TASKS
from franka_node.sim.tasks.fold_towel import TOWEL, coverage
from franka_node.sim.world import World
from vip_ros.errors import UserError


def _marked(task: str) -> ParameterSet:
    lacks = TASKS.get(task).missing()
    return pytest.param(task, marks=pytest.mark.skipif(bool(lacks), reason=f"{lacks} is not installed"))


TASK_NAMES = [_marked(task) for task in TASKS.names()]
# What has to be in the square that encoders see, from the first picture to the last: kind and name.
SEEN = {
    "close_drawer": [("geom", "drawer_front")],
    "push_bottle": [("body", "bottle"), ("body", "mat")],
    "place_melon": [("body", "melon"), ("body", "plate")],
    "fold_towel": [
        ("body", "towel_0_0"),
        ("body", "towel_0_6"),
        ("body", "towel_9_0"),
        ("body", "towel_9_6"),
    ],
    "kitchen_slide_door": [("site", "slide_site")],
    "kitchen_light": [("site", "light_site")],
    "kitchen_knob": [("site", "knob1_site")],
    "kitchen_microwave": [("site", "microhandle_site")],
}


def play(world: World, seed: int, style: str = "expert") -> np.ndarray:
    """Play one demonstration; return its joint targets [T, 7]."""
    world.reset(seed)
    targets = []
    for q_target, gripper in expert(world, np.random.default_rng([seed, 7]), style):
        world.step(q_target, gripper, 0.05)
        targets.append(q_target)
    return np.stack(targets)


@pytest.mark.parametrize("task", TASK_NAMES)
def test_experts_do_the_task_within_ten_seconds_inside_the_arms_limits(task):
    world = World(task)
    successes, seeds = 0, 4 if world.rules.extra else 8
    for seed in range(seeds):
        targets = play(world, seed)
        successes += world.success
        assert 2.0 < world.time < 10.0
        assert np.all(targets > FER.lower) and np.all(targets < FER.upper)
        assert np.all(np.abs(np.diff(targets, axis=0)) * 20.0 < FER.velocity)
    assert successes == seeds


@pytest.mark.parametrize("task", TASK_NAMES)
@pytest.mark.parametrize("style", ["miss", "short", "wander"])
def test_failures_fail(task, style):
    world = World(task)
    for seed in range(3):
        play(world, seed, style)
        assert not world.success


@pytest.mark.parametrize("task", TASK_NAMES)
def test_no_scene_is_solved_at_its_beginning_and_seeds_differ(task):
    world = World(task)
    scenes = []
    for seed in range(20):
        world.reset(seed)
        assert not world.success
        scenes.append(np.concatenate([world.qpos, world.model.body_pos.ravel()]))
    assert len({scene.tobytes() for scene in scenes}) == 20


@pytest.mark.parametrize("task", TASK_NAMES)
@pytest.mark.parametrize("variation", ["colours", "broad"])
def test_other_colours_leave_the_places_as_they_are(task, variation):
    plain, coloured = World(task, 3), World(task, 3, variation)
    # The arm alone begins elsewhere in broad scenes.
    arm = {plain.model.joint(name).qposadr[0] for name in JOINT_NAMES}
    things = [index for index in range(plain.model.nq) if index not in arm]
    np.testing.assert_array_equal(plain.qpos[things], coloured.qpos[things])
    looks = [np.concatenate([w.model.geom_rgba, w.model.flex_rgba]) for w in (plain, coloured)]
    assert np.abs(looks[0] - looks[1]).max() > 0.05


@pytest.mark.parametrize("task", TASK_NAMES)
def test_an_episode_repeats_exactly_after_another_one(task):
    world = World(task)
    play(world, 5)
    first = world.qpos
    play(world, 6, "miss")
    play(world, 5)
    np.testing.assert_array_equal(world.qpos, first)


@pytest.mark.parametrize("task", TASK_NAMES)
def test_the_square_that_encoders_see_holds_what_matters_at_both_ends(task):
    world = World(task)
    for seed in range(4):
        world.reset(seed)
        assert all(_in_square(world, kind, name) for kind, name in SEEN.get(task, []))
        play(world, seed)
        assert all(_in_square(world, kind, name) for kind, name in SEEN.get(task, []))


@pytest.mark.parametrize("task", TASK_NAMES)
def test_another_process_draws_the_same_picture_from_seed_and_qpos_alone(task):
    try:
        choose_backend()
    except UserError as error:
        pytest.skip(str(error))
    acting = World(task)
    play(acting, 4)
    drawing = World(task, 9)
    drawing.reset(acting.seed)
    drawing.set_qpos(acting.qpos)
    pictures = []
    for world in (acting, drawing):
        renderer = Renderer(world, width=160, height=120)
        pictures.append(renderer.render())
        renderer.close()
    np.testing.assert_array_equal(*pictures)


def _in_square(world: World, kind: str, name: str) -> bool:
    point = getattr(world.data, kind)(name).xpos
    camera = world.model.camera(world.rules.camera).id
    local = world.data.cam_xmat[camera].reshape(3, 3).T @ (point - world.data.cam_xpos[camera])
    half = np.tan(np.deg2rad(world.model.cam_fovy[camera]) / 2)
    across, up = local[0] / -local[2] / half, local[1] / -local[2] / half
    return bool(local[2] < 0 and abs(across) < 0.95 and abs(up) < 0.95)


def _put_bottle(world: World, offset: float, tilt: float) -> bool:
    """Stand or lay the bottle at a distance (m) from the mat's middle; tell whether that counts."""
    joint = world.data.joint("bottle_free")
    mat = world.data.body("mat").xpos
    joint.qpos = [mat[0] + offset, mat[1], 0.0, np.cos(tilt / 2), np.sin(tilt / 2), 0, 0]
    joint.qvel = 0.0
    mujoco.mj_forward(world.model, world.data)
    return world.success


def test_the_bottle_must_stand_on_the_middle_of_the_mat():
    world = World("push_bottle", 2)
    assert _put_bottle(world, 0.035, 0.0)
    assert not _put_bottle(world, 0.045, 0.0)
    assert not _put_bottle(world, 0.0, np.deg2rad(80))
    _put_bottle(world, 0.0, 0.0)
    world.data.joint("bottle_free").qvel[0] = 0.2
    assert not world.success


def test_the_melon_must_lie_on_the_plate_and_be_let_go_of():
    world = World("place_melon", 2)
    play(world, 2)
    assert world.success
    world.step(world.q, 0.0, 1.0)
    assert not world.success
    play(world, 2)
    world.data.joint("melon_free").qpos[:2] += 0.1
    mujoco.mj_forward(world.model, world.data)
    assert not world.success


def test_the_melon_is_lifted_by_the_fingers_grip_alone():
    world = World("place_melon", 1)
    heights = []
    for q_target, gripper in expert(world, np.random.default_rng([1, 7])):
        world.step(q_target, gripper, 0.05)
        heights.append(world.data.body("melon").xpos[2])
    assert max(heights) > 0.09


def test_the_towels_edge_is_held_only_where_the_fingers_closed_on_it():
    world = World("fold_towel", 1)
    held = []
    for q_target, gripper in expert(world, np.random.default_rng([1, 7])):
        world.step(q_target, gripper, 0.05)
        held.append(TOWEL.held(world.model, world.data))
    assert not held[0] and any(held) and not held[-1]
    world.reset(1)
    for width in (0.0, 0.04, 0.0):  # high above the towel
        world.step(world.q, width, 0.6)
        assert not TOWEL.held(world.model, world.data)


def test_coverage_counts_what_lies_under_the_near_half():
    flat = np.concatenate([TOWEL.grid, np.zeros((TOWEL.columns, TOWEL.rows, 1))], axis=2)
    assert coverage(flat) == 0.0
    folded, half = flat.copy(), TOWEL.columns // 2
    folded[:half, :, 0] *= -1.0
    assert coverage(folded) == 1.0
    folded[:half, :, 1] += TOWEL.width / 2
    assert 0.3 < coverage(folded) < 0.7


def test_cloth_keeps_its_size_and_the_simulation_stays_finite_when_it_is_torn_at():
    world = World("fold_towel", 2)
    for q_target, gripper in expert(world, np.random.default_rng([2, 7])):
        world.step(q_target, gripper, 0.05)
        if TOWEL.held(world.model, world.data):
            break
    target = world.q
    for shake in range(12):
        target = target + np.array([0.12, -0.1, 0, 0, 0, 0, 0]) * (-1.0) ** (shake // 3)
        world.step(target, 0.0, 0.05)
    points = TOWEL.points(world.model, world.data)
    assert np.isfinite(world.qpos).all()
    assert np.linalg.norm(points[1:] - points[:-1], axis=-1).max() < 1.5 * TOWEL.length / (TOWEL.columns - 1)
