"""The Franka kitchen: what counts as done, what the arm touches, and what the pictures show."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from franka_node.sim.experts import expert
from franka_node.sim.kitchen import missing
from franka_node.sim.tasks import TASKS, table_tasks
from franka_node.sim.world import World

LACKS = missing()
needs_furniture = pytest.mark.skipif(bool(LACKS), reason=f"{LACKS} is not installed")
# Task: bodies that the arm may touch; positions of the joint that are not yet and that are enough, rad or m.
KITCHEN = {
    "kitchen_slide_door": ({"slidelink"}, 0.30, 0.31),
    "kitchen_light": ({"lightswitchroot"}, -0.57, -0.60),
    "kitchen_knob": ({"knob 1"}, -0.63, -0.66),
    "kitchen_microwave": ({"microdoorroot"}, -0.43, -0.46),
}


def test_figures_over_all_tasks_do_not_depend_on_what_else_is_installed():
    assert table_tasks() == ["close_drawer", "fold_towel", "place_melon", "push_bottle"]
    assert set(TASKS.names()) - set(table_tasks()) == set(KITCHEN)


def _with_joint(world: World, position: float) -> bool:
    world.data.joint(world.rules.joint).qpos = position
    mujoco.mj_forward(world.model, world.data)
    return world.success


@needs_furniture
@pytest.mark.parametrize("task", KITCHEN)
def test_done_is_what_both_benchmarks_call_done(task):
    _, short, enough = KITCHEN[task]
    world = World(task, 1)
    assert not _with_joint(world, 0.0)
    assert not _with_joint(world, short)
    assert _with_joint(world, enough)
    assert _with_joint(world, world.rules.goal)
    assert not _with_joint(world, world.rules.goal + 0.35 * np.sign(world.rules.goal))


@needs_furniture
@pytest.mark.parametrize("task", KITCHEN)
def test_experts_touch_nothing_but_what_they_move_and_the_arm_follows_them(task):
    world, touched = World(task), set()
    for seed in range(2):
        world.reset(seed)
        for q_target, gripper in expert(world, np.random.default_rng([seed, 7])):
            world.step(q_target, gripper, 0.05)
            touched |= _touched_by_the_arm(world)
            assert np.abs(world.q - q_target).max() < 0.12
    assert touched == KITCHEN[task][0]


def _touched_by_the_arm(world: World) -> set[str]:
    pairs = [
        [world.model.body(world.model.geom_bodyid[geom]).name for geom in contact.geom]
        for contact in world.data.contact[: world.data.ncon]
    ]
    arm = [pair for pair in pairs if any(name.startswith("panda_") for name in pair)]
    return {name for pair in arm for name in pair if not name.startswith("panda_")}


@needs_furniture
def test_the_lamp_is_lit_by_its_switch_in_the_acting_and_in_the_drawing_world():
    world, drawing = World("kitchen_light", 1), World("kitchen_light", 1)
    assert not world.model.light("ovenlight").active
    for q_target, gripper in expert(world, np.random.default_rng([1, 7])):
        world.step(q_target, gripper, 0.05)
    drawing.set_qpos(world.qpos)
    assert world.model.light("ovenlight").active and drawing.model.light("ovenlight").active
    world.reset(1)
    assert not world.model.light("ovenlight").active


@needs_furniture
def test_the_papers_cameras_look_on_and_the_burner_rises_with_its_knob():
    world = World("kitchen_knob", 1)
    cameras = {world.model.camera(i).name for i in range(world.model.ncam)}
    assert cameras == {"left", "right", "front", "top"}
    left, right = (world.model.camera(name).pos for name in ("left", "right"))
    # -1.4 -0.75 3 and 1.4 -0.75 3 in the kitchen's frame, whose y axis points ahead, 1.8 m below the robot.
    np.testing.assert_allclose([left, right], [[-0.75, 1.4, 1.2], [-0.75, -1.4, 1.2]], atol=1e-9)
    before = world.data.body("Burner 1").xpos[2]
    for q_target, gripper in expert(world, np.random.default_rng([1, 7])):
        world.step(q_target, gripper, 0.05)
    assert world.data.body("Burner 1").xpos[2] > before + 0.003
