"""The room that every task stands in: table, floor, wall, lights, cameras and spare things to scatter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from franka_node.sim.objects import object_collision, visual_only
from franka_node.sim.panda import add_panda
from franka_node.sim.textures import TEXTURES

TIMESTEP = 0.002  # s: 500 Hz
TABLE_CENTRE, TABLE_HALF = (0.38, 0.0, -0.02), (0.58, 0.62, 0.02)  # m, its top is the plane z = 0
CLUTTER_COUNT = 5
_HIDDEN = (0.0, 0.0, -3.0)


@dataclass(frozen=True)
class CameraPose:
    """Where a fixed camera stands (m), what it looks at (m) and its vertical field of view (degrees)."""

    position: tuple[float, float, float]
    target: tuple[float, float, float]
    fovy: float


# 'right' stands at the right edge of the table for a person who faces the robot, as in the VIP paper.
CAMERAS = {
    "right": CameraPose((0.78, 0.72, 0.52), (0.51, 0.02, 0.17), 45.0),
    "left": CameraPose((0.78, -0.72, 0.52), (0.51, -0.02, 0.17), 45.0),
    "front": CameraPose((1.35, 0.0, 0.60), (0.45, 0.0, 0.12), 42.0),
    "top": CameraPose((0.50, 0.0, 1.35), (0.48, 0.0, 0.0), 42.0),
}


def new_scene() -> mujoco.MjSpec:
    """Return the room with the arm in it, for a task to add its objects to."""
    spec = mujoco.MjSpec()
    set_options(spec)
    _add_materials(spec)
    add_sky(spec)
    _add_room(spec)
    _add_lights(spec)
    for name, pose in CAMERAS.items():
        spec.worldbody.add_camera(
            name=name, pos=pose.position, quat=look_at(pose.position, pose.target), fovy=pose.fovy
        )
    add_panda(spec)
    _add_clutter(spec)
    return spec


def set_options(spec: mujoco.MjSpec) -> None:
    """Set what is the same in every scene: units, time step, solver, headlight and drawing range."""
    spec.compiler.degree = False
    spec.option.timestep = TIMESTEP
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.visual.global_.offwidth, spec.visual.global_.offheight = 1280, 960
    spec.visual.headlight.ambient = [0.30, 0.30, 0.30]
    spec.visual.headlight.diffuse = [0.18, 0.18, 0.18]
    spec.visual.headlight.specular = [0.0, 0.0, 0.0]
    spec.visual.map.znear, spec.visual.map.zfar = 0.02, 12.0


def add_sky(spec: mujoco.MjSpec) -> None:
    """Add what is seen where there is nothing."""
    spec.add_texture(
        name="sky",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.75, 0.78, 0.82],
        rgb2=[0.5, 0.53, 0.57],
        width=64,
        height=384,
    )


def look_at(position: Any, target: Any) -> NDArray[np.float64]:
    """Return the quaternion [4] (w x y z) of a MuJoCo camera at a position looking at a target (m)."""
    back = np.asarray(position, dtype=float) - np.asarray(target, dtype=float)
    back /= np.linalg.norm(back)
    right = np.cross([0.0, 0.0, 1.0], back)
    # Straight down has no horizon: keep the robot at the bottom of the picture.
    right = np.array([0.0, -1.0, 0.0]) if np.linalg.norm(right) < 0.15 else right / np.linalg.norm(right)
    up = np.cross(back, right)
    up /= np.linalg.norm(up)
    quat = np.zeros(4)
    mujoco.mju_mat2Quat(quat, np.stack([np.cross(up, back), up, back], axis=1).ravel())
    return quat


def _add_materials(spec: mujoco.MjSpec) -> None:
    for name, draw in TEXTURES.items():
        pixels = draw()
        texture = spec.add_texture(
            name=name,
            type=mujoco.mjtTexture.mjTEXTURE_2D,
            width=pixels.shape[1],
            height=pixels.shape[0],
            nchannel=3,
        )
        texture.data = pixels.tobytes()
        for surface in ("table", "floor", "wall"):
            material = spec.add_material(
                name=f"{surface}_{name}", texrepeat=[2, 2], specular=0.1, shininess=0.2
            )
            material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = name


def _add_room(spec: mujoco.MjSpec) -> None:
    box = mujoco.mjtGeom.mjGEOM_BOX
    world = spec.worldbody
    world.add_geom(
        name="table",
        type=box,
        pos=TABLE_CENTRE,
        size=TABLE_HALF,
        material="table_speckle",
        **object_collision(),
    )
    world.add_geom(
        name="floor",
        type=box,
        pos=[0.4, 0, -0.78],
        size=[3.0, 3.0, 0.02],
        material="floor_plain",
        **visual_only(),
    )
    walls = {
        "wall_back": ([-1.1, 0, 0.7], [0.02, 3.0, 1.5]),
        "wall_side": ([0.4, -1.5, 0.7], [3.0, 0.02, 1.5]),
    }
    for name, (pos, size) in walls.items():
        world.add_geom(name=name, type=box, pos=pos, size=size, material="wall_plain", **visual_only())


def _add_lights(spec: mujoco.MjSpec) -> None:
    # Shadows are drawn by shadows.py: MuJoCo's own cost two thirds of the frame rate.
    spec.worldbody.add_light(
        name="key",
        pos=[0.6, 0.4, 2.0],
        dir=[-0.1, -0.25, -1.0],
        diffuse=[0.62] * 3,
        specular=[0.15] * 3,
        castshadow=False,
    )
    spec.worldbody.add_light(
        name="fill",
        pos=[1.4, 1.6, 1.6],
        dir=[-0.6, -0.9, -0.7],
        diffuse=[0.28] * 3,
        specular=[0.0] * 3,
        castshadow=False,
    )


def _add_clutter(spec: mujoco.MjSpec) -> None:
    shapes = (
        (mujoco.mjtGeom.mjGEOM_BOX, [0.03, 0.045, 0.03]),
        (mujoco.mjtGeom.mjGEOM_CYLINDER, [0.035, 0.05, 0]),
        (mujoco.mjtGeom.mjGEOM_SPHERE, [0.035, 0, 0]),
        (mujoco.mjtGeom.mjGEOM_CAPSULE, [0.02, 0.04, 0]),
        (mujoco.mjtGeom.mjGEOM_ELLIPSOID, [0.05, 0.03, 0.025]),
    )
    for i, (shape, size) in enumerate(shapes):
        spec.worldbody.add_body(name=f"clutter{i}", pos=_HIDDEN).add_geom(
            name=f"clutter{i}", type=shape, size=size, rgba=[0.5, 0.5, 0.5, 1], **visual_only()
        )
