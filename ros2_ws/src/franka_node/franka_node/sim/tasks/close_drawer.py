"""CloseDrawer: a small cabinet stands on the table with its drawer open; push it shut."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from franka_node.sim.kinematics import tool_pose
from franka_node.sim.objects import object_collision, visual_only
from franka_node.sim.tasks.base import TASKS, Task, Waypoint

Array = NDArray[np.float64]

CLOSED = 0.01  # m, the drawer counts as closed below this opening
OPENING = (0.08, 0.15)  # m
_WIDTH, _DEPTH, _HEIGHT, _WALL = 0.26, 0.24, 0.20, 0.012  # m
_FRONT_Z, _FRONT_HALF = 0.145, (0.008, 0.118, 0.045)  # m: drawer front, thin along x
_CENTRE, _SPREAD = np.array([0.50, -0.02]), np.array([0.07, 0.07])  # m: middle of the cabinet's front
_YAW, _YAW_SPREAD = np.deg2rad(118.0), np.deg2rad(14.0)  # direction in which the drawer opens
_PUSH_HEIGHT = 0.152  # m, of the fingertips above the table
_TILT = 0.30  # rad, fingertips ahead so that the hand stays clear of the cabinet
_LAB_COLOURS = np.array([[0.45, 0.52, 0.60], [0.85, 0.45, 0.30], [0.2, 0.2, 0.2]])  # cabinet, front, handle
_FINGER_HALF = 0.012  # m, half thickness of the closed fingers along the push


@TASKS.register("close_drawer")
class CloseDrawer(Task):
    """The cabinet's frame has its origin on the table under the middle of its front; x points out."""

    start_q = np.array([0.45, -0.28, 0.02, -2.40, -0.13, 2.12, -0.73])

    def add_objects(self, spec: mujoco.MjSpec) -> None:
        """Add cabinet and drawer."""
        cabinet = spec.worldbody.add_body(name="cabinet")
        for name, pos, size in _cabinet_panels():
            _box(cabinet, name, pos, size, [0.8, 0.8, 0.8, 1])
        _box(cabinet, "lower_front", (0.0, 0, 0.05), (0.008, 0.118, 0.042), [0.8, 0.8, 0.8, 1])
        _add_handle(cabinet, "lower", 0.05)
        drawer = cabinet.add_body(name="drawer")
        drawer.add_joint(
            name="drawer",
            type=mujoco.mjtJoint.mjJNT_SLIDE,
            axis=[1, 0, 0],
            range=[0.0, 0.17],
            limited=True,
            damping=12.0,
            frictionloss=2.0,
            armature=0.1,
        )
        for name, pos, size in _drawer_panels():
            _box(drawer, name, pos, size, [0.8, 0.8, 0.8, 1], mass=0.12)
        _add_handle(drawer, "drawer", _FRONT_Z - 0.02)

    def vary(
        self, model: mujoco.MjModel, data: mujoco.MjData, rng: np.random.Generator, recolour: bool
    ) -> None:
        """Draw the cabinet's place, the opening and, on request, colours that set the drawer off."""
        centre = _CENTRE + rng.uniform(-1, 1, 2) * _SPREAD
        yaw = _YAW + rng.uniform(-1, 1) * _YAW_SPREAD
        model.body("cabinet").pos = [*centre, 0.0]
        model.body("cabinet").quat = [np.cos(yaw / 2), 0, 0, np.sin(yaw / 2)]
        data.joint("drawer").qpos = rng.uniform(*OPENING)
        body, front, handle = _colours(rng) if recolour else _LAB_COLOURS
        for i in range(model.ngeom):
            name = model.geom(i).name
            if name.startswith("cabinet_"):
                model.geom_rgba[i, :3] = body
            elif name.startswith(("drawer_handle", "lower_handle")):
                model.geom_rgba[i, :3] = handle
            elif name in ("drawer_front", "lower_front"):
                model.geom_rgba[i, :3] = front
            elif name.startswith("drawer_"):
                model.geom_rgba[i, :3] = 0.6 * front + 0.35

    def success(self, model: mujoco.MjModel, data: mujoco.MjData) -> bool:
        """Tell whether the drawer is within 1 cm of closed."""
        return bool(data.joint("drawer").qpos[0] < CLOSED)

    def plan(
        self, model: mujoco.MjModel, data: mujoco.MjData, rng: np.random.Generator, outcome: str
    ) -> list[Waypoint]:
        """Come down in front of the drawer, push it in, and back off a little."""
        origin, rotation = data.body("cabinet").xpos, data.body("cabinet").xmat.reshape(3, 3)
        yaw = float(np.arctan2(rotation[1, 0], rotation[0, 0]))
        opening = float(data.joint("drawer").qpos[0])
        side = rng.uniform(-0.04, 0.04)
        height = _PUSH_HEIGHT + rng.uniform(-0.008, 0.008) + (0.09 if outcome == "miss" else 0.0)
        tilt = _TILT + rng.uniform(-0.05, 0.05)
        face = _FRONT_HALF[0] + _FINGER_HALF
        gap, depth = rng.uniform(0.04, 0.08), rng.uniform(0.008, 0.016)
        end = -depth if outcome != "short" else opening * rng.uniform(0.35, 0.7)

        def at(x: float, z: float) -> Array:
            return tool_pose(origin + rotation @ np.array([x, side, z]), yaw, -tilt)

        return [
            Waypoint(at(opening + face + gap, height + rng.uniform(0.02, 0.05)), 1.2),
            Waypoint(at(opening + face + 0.015, height), 0.5, careful=True),
            Waypoint(at(end + face, height), 0.5 + 7.0 * (opening - end + 0.015), careful=True),
            Waypoint(at(end + face, height), 0.3, careful=True),
        ]


def _cabinet_panels() -> list[tuple[str, tuple[float, ...], tuple[float, ...]]]:
    half_depth, half_width, half_wall = _DEPTH / 2, _WIDTH / 2, _WALL / 2
    x = -half_depth - 0.008
    return [
        ("cabinet_left", (x, half_width - half_wall, _HEIGHT / 2), (half_depth, half_wall, _HEIGHT / 2)),
        ("cabinet_right", (x, -half_width + half_wall, _HEIGHT / 2), (half_depth, half_wall, _HEIGHT / 2)),
        ("cabinet_top", (x, 0, _HEIGHT - half_wall), (half_depth, half_width, half_wall)),
        ("cabinet_shelf", (x, 0, 0.096), (half_depth, half_width, 0.004)),
        ("cabinet_bottom", (x, 0, half_wall), (half_depth, half_width, half_wall)),
        ("cabinet_back", (-_DEPTH, 0, _HEIGHT / 2), (half_wall, half_width, _HEIGHT / 2)),
    ]


def _drawer_panels() -> list[tuple[str, tuple[float, ...], tuple[float, ...]]]:
    depth, low = 0.105, 0.104
    return [
        ("drawer_front", (0, 0, _FRONT_Z), _FRONT_HALF),
        ("drawer_floor", (-depth, 0, low), (depth, 0.108, 0.003)),
        ("drawer_left", (-depth, 0.108, low + 0.03), (depth, 0.004, 0.03)),
        ("drawer_right", (-depth, -0.108, low + 0.03), (depth, 0.004, 0.03)),
        ("drawer_back", (-2 * depth, 0, low + 0.03), (0.004, 0.108, 0.03)),
    ]


def _box(body: Any, name: str, pos: Any, size: Any, rgba: list[float], mass: float = 0.5) -> None:
    body.add_geom(
        name=name,
        type=mujoco.mjtGeom.mjGEOM_BOX,
        pos=pos,
        size=size,
        rgba=rgba,
        mass=mass,
        friction=[0.4, 0.005, 0.0001],
        **object_collision(),
    )


def _add_handle(body: Any, name: str, z: float) -> None:
    metal = [0.3, 0.3, 0.32, 1]
    capsule = mujoco.mjtGeom.mjGEOM_CAPSULE
    body.add_geom(
        name=f"{name}_handle",
        type=capsule,
        fromto=[0.028, -0.05, z, 0.028, 0.05, z],
        size=[0.005, 0, 0],
        rgba=metal,
        mass=0.05,
        **object_collision(),
    )
    for i, y in enumerate((-0.045, 0.045)):
        body.add_geom(
            name=f"{name}_handle_post{i}",
            type=capsule,
            fromto=[0.0, y, z, 0.028, y, z],
            size=[0.004, 0, 0],
            rgba=metal,
            **visual_only(),
        )


def _colours(rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Return colours [3] of cabinet, drawer front and handle, far enough apart to be told apart."""
    palette = np.array(
        [[0.86, 0.84, 0.80], [0.72, 0.55, 0.38], [0.45, 0.52, 0.60], [0.60, 0.66, 0.58], [0.55, 0.40, 0.30]]
    )
    fronts = np.array(
        [[0.93, 0.93, 0.92], [0.85, 0.45, 0.30], [0.25, 0.45, 0.70], [0.90, 0.75, 0.35], [0.35, 0.60, 0.45]]
    )
    body = palette[rng.integers(len(palette))]
    far = [front for front in fronts if np.abs(front - body).sum() > 0.35]
    front = far[rng.integers(len(far))]
    jitter = rng.uniform(-0.04, 0.04, (2, 3))
    return body + jitter[0], front + jitter[1], np.full(3, rng.uniform(0.12, 0.4))
