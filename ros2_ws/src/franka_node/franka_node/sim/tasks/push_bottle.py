"""PushBottle: a bottle stands on the table; push it on to the mat without toppling it."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from franka_node.sim.kinematics import tool_pose
from franka_node.sim.objects import (
    add_free_body,
    distinct_colour,
    movable_collision,
    paint,
    put,
    speed,
    tilt,
    visual_only,
)
from franka_node.sim.tasks.base import TASKS, Task, Waypoint

Array = NDArray[np.float64]

GOAL_RADIUS = 0.04  # m, the bottle's axis must come this near to the middle of the mat
UPRIGHT = np.deg2rad(15.0)  # rad, largest tilt that counts as standing
AT_REST = 0.05  # m/s
_RADIUS, _HALF_HEIGHT = 0.032, 0.045  # m, of the bottle's body: the hand passes over it
_NECK_RADIUS, _NECK_HALF = 0.012, 0.03  # m
_MAT_RADIUS, _MAT_HALF = 0.06, 0.001  # m
_MAT, _MAT_SPREAD = np.array([0.645, 0.0]), np.array([0.015, 0.015])  # m: middle of the mat
_DISTANCE = (0.12, 0.18)  # m, from the bottle to the mat
_BEARING = np.deg2rad(35.0)  # rad, the bottle lies within this of straight behind the mat
_OPEN = 0.045  # m: the fingers cradle the bottle, so that it cannot slip off sideways
# Distance along the push from the fingers' middle to the axis of the bottle that leans on their inner edges.
_CONTACT = 0.010 + float(np.sqrt(_RADIUS**2 - (_OPEN / 2) ** 2))
_TILT = 0.25  # rad, fingertips ahead so that the hand stays clear of the neck
_PUSH_HEIGHT = 0.055  # m: below radius / friction a push does not topple
_LAB_COLOURS = np.array([[0.10, 0.45, 0.25], [0.90, 0.85, 0.30]])  # bottle, mat


@TASKS.register("push_bottle")
class PushBottle(Task):
    """The mat lies ahead of the bottle, as seen from the robot."""

    start_q = np.array([0.0, -0.31, 0.0, -2.56, 0.0, 2.25, 0.785])
    start_gripper = _OPEN

    def add_objects(self, spec: mujoco.MjSpec) -> None:
        """Add mat and bottle."""
        cylinder = mujoco.mjtGeom.mjGEOM_CYLINDER
        mat = spec.worldbody.add_body(name="mat")
        mat.add_geom(
            name="mat", type=cylinder, size=[_MAT_RADIUS, _MAT_HALF, 0], rgba=[1, 1, 1, 1], **visual_only()
        )
        bottle = add_free_body(spec, "bottle", damping=1e-4)
        # The masses put the centre low, as in a bottle half full.
        parts = (
            ("bottle_foot", _RADIUS, 0.02, 0.02, 0.22),
            ("bottle_body", _RADIUS, _HALF_HEIGHT, _HALF_HEIGHT, 0.10),
            ("bottle_neck", _NECK_RADIUS, 2 * _HALF_HEIGHT + _NECK_HALF, _NECK_HALF, 0.01),
        )
        for name, radius, z, half, mass in parts:
            bottle.add_geom(
                name=name,
                type=cylinder,
                pos=[0, 0, z],
                size=[radius, half, 0],
                rgba=[1, 1, 1, 1],
                mass=mass,
                friction=[0.3, 0.005, 0.0001],
                priority=1,
                **movable_collision(),
            )
        cap = [_NECK_RADIUS + 0.002, 0.008, 0]
        bottle.add_geom(
            name="cap",
            type=cylinder,
            pos=[0, 0, 2 * (_HALF_HEIGHT + _NECK_HALF)],
            size=cap,
            rgba=[0.9, 0.9, 0.9, 1],
            **visual_only(),
        )

    def vary(
        self, model: mujoco.MjModel, data: mujoco.MjData, rng: np.random.Generator, recolour: bool
    ) -> None:
        """Draw the places of mat and bottle and, on request, their colours."""
        mat = _MAT + rng.uniform(-1, 1, 2) * _MAT_SPREAD
        bearing = np.pi + rng.uniform(-1, 1) * _BEARING
        bottle = mat + rng.uniform(*_DISTANCE) * np.array([np.cos(bearing), np.sin(bearing)])
        model.body("mat").pos = [*mat, _MAT_HALF]
        put(data, "bottle", [*bottle, 0.0], rng.uniform(-np.pi, np.pi))
        cloth = rng.uniform(0.2, 1.0, 3)
        glass = distinct_colour(rng, cloth)
        bottle_colour, mat_colour = (glass, cloth) if recolour else _LAB_COLOURS
        paint(model, "bottle_", bottle_colour)
        paint(model, "mat", mat_colour)

    def success(self, model: mujoco.MjModel, data: mujoco.MjData) -> bool:
        """Tell whether the bottle stands still and upright on the middle of the mat."""
        away = data.body("bottle").xpos[:2] - data.body("mat").xpos[:2]
        standing = tilt(data, "bottle") < UPRIGHT and speed(data, "bottle") < AT_REST
        return bool(standing and np.linalg.norm(away) < GOAL_RADIUS)

    def plan(
        self, model: mujoco.MjModel, data: mujoco.MjData, rng: np.random.Generator, outcome: str
    ) -> list[Waypoint]:
        """Come down behind the bottle, push it to the mat, and stay."""
        bottle, mat = data.body("bottle").xpos[:2].copy(), data.body("mat").xpos[:2].copy()
        way = mat - bottle
        length = float(np.linalg.norm(way))
        ahead = way / length
        across = np.array([-ahead[1], ahead[0]])
        yaw = float(np.arctan2(ahead[1], ahead[0]))
        # Past the bottle at its side, or against its neck: it stays behind, or falls.
        missed, high = outcome == "miss", rng.random() < 0.5
        side = rng.choice([-1.0, 1.0]) * rng.uniform(0.13, 0.16) if missed and not high else 0.0
        height = _PUSH_HEIGHT + rng.uniform(-0.008, 0.008) + (0.085 if missed and high else 0.0)
        end = length + rng.uniform(-0.012, 0.012)
        if outcome == "short":
            end = length * rng.uniform(0.3, 0.6)

        def at(along: float, z: float, aside: float = side) -> Array:
            place = bottle + (along - _CONTACT) * ahead + aside * across
            return tool_pose(np.array([*place, z]), yaw, _TILT)

        return [
            Waypoint(at(-0.05, height + rng.uniform(0.11, 0.15)), 1.2, _OPEN),
            Waypoint(at(-0.03, height), 0.6, _OPEN, careful=True),
            Waypoint(at(end, height), 0.5 + 5.0 * (end + 0.03), _OPEN, careful=True),
            Waypoint(at(end, height), 0.3, _OPEN, careful=True, waits=True),
        ]
