"""The simulated camera: it shows the scene that (task, seed, qpos) says, and it shows what matters."""

from __future__ import annotations

import numpy as np
import pytest

from franka_node.sim import gl
from franka_node.sim.experts import expert
from franka_node.sim.gl import choose_backend
from franka_node.sim.renderer import Renderer
from franka_node.sim.world import World
from vip_ros.errors import UserError


@pytest.fixture(autouse=True)
def _can_draw():
    try:
        choose_backend()
    except UserError as error:
        pytest.skip(str(error))


def in_square(world: World, point: np.ndarray, camera: str = "right") -> bool:
    camera_id = world.model.camera(camera).id
    local = world.data.cam_xmat[camera_id].reshape(3, 3).T @ (point - world.data.cam_xpos[camera_id])
    half = np.tan(np.deg2rad(world.model.cam_fovy[camera_id]) / 2)
    across, up = local[0] / -local[2] / half, local[1] / -local[2] / half
    return bool(local[2] < 0 and abs(across) < 1 and abs(up) < 1)


def test_a_second_world_draws_the_same_picture_from_seed_and_qpos():
    acting, drawing = World("close_drawer", 4), World("close_drawer", 9)
    renderer = Renderer(drawing, width=160, height=120)
    renderer.render()
    acting.step(acting.q + 0.2, 0.04, 1.0)
    drawing.reset(acting.seed)
    drawing.set_qpos(acting.qpos)
    seen = renderer.render()
    mine = Renderer(acting, width=160, height=120)
    np.testing.assert_array_equal(seen, mine.render())
    renderer.close()
    mine.close()


def test_pictures_are_lit_rgb_and_differ_by_seed_and_posture():
    world = World("close_drawer", 0)
    renderer = Renderer(world)
    first = renderer.render()
    assert first.shape == (240, 320, 3) and first.dtype == np.uint8 and first.flags.c_contiguous
    assert 60 < first.mean() < 220 and first.std() > 25
    world.step(world.q + 0.2, 0.0, 1.0)
    moved = renderer.render()
    assert np.abs(moved.astype(int) - first).mean() > 1.0
    world.reset(1)
    assert np.abs(renderer.render().astype(int) - moved).mean() > 3.0
    renderer.close()


@pytest.mark.parametrize("seed", range(4))
def test_the_middle_square_that_encoders_see_holds_drawer_and_fingertips_throughout(seed):
    world = World("close_drawer", seed)
    for q_target, gripper in expert(world, np.random.default_rng(seed)):
        world.step(q_target, gripper, 0.05)
        assert in_square(world, world.data.site("tcp").xpos)
        assert in_square(world, world.data.geom("drawer_front").xpos)


def test_an_unknown_camera_is_named_with_those_that_exist():
    with pytest.raises(UserError, match="did you mean 'right'"):
        Renderer(World("close_drawer"), camera="rigth")


def test_a_machine_without_opengl_is_told_what_to_install(monkeypatch):
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    monkeypatch.setattr(gl, "_egl_works", lambda: False)
    monkeypatch.setattr(gl.ctypes.util, "find_library", lambda name: None)
    with pytest.raises(UserError, match="apt-get install"):
        choose_backend()


def test_the_users_choice_of_opengl_is_kept(monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "osmesa")
    assert choose_backend() == "osmesa"
