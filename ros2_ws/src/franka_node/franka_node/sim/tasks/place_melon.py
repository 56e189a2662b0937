"""PlaceMelon: grasp the melon, carry it to the plate and let go of it there."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from franka_node.sim.kinematics import tool_pose
from franka_node.sim.objects import (
    add_free_body,
    distinct_colour,
    movable_collision,
    object_collision,
    paint,
    put,
    speed,
)
from franka_node.sim.panda import FINGER_NAMES, MAX_WIDTH
from franka_node.sim.tasks.base import TASKS, Task, Waypoint

Array = NDArray[np.float64]

RADIUS = 0.028  # m, of the melon; with open fingers 12 mm are left on each side
PLATE_RADIUS = 0.085  # m
AT_REST = 0.05  # m/s
RELEASED = 2 * RADIUS + 0.008  # m, opening width beyond which the fingers hold nothing
_PLATE_HALF = 0.005  # m, half of the plate's thickness
_MELON, _MELON_SPREAD = np.array([0.47, -0.09]), np.array([0.06, 0.05])  # m
_PLATE, _PLATE_SPREAD = np.array([0.51, 0.13]), np.array([0.02, 0.02])  # m
_YAW, _YAW_SPREAD = np.deg2rad(105.0), np.deg2rad(6.0)
_GRASP_HEIGHT = 0.026  # m, of the fingertips when they close
_CLOSED = 0.035  # m, commanded when closing: less than the melon, so that the fingers press
_LAB_COLOURS = np.array([[0.30, 0.62, 0.20], [0.25, 0.40, 0.75]])  # melon, plate
_GRIP = {"condim": 6, "friction": [1.2, 0.02, 0.002], "priority": 1}


@TASKS.register("place_melon")
class PlaceMelon(Task):
    """The melon lies at the far side of the table as seen by the camera, the plate at its near side."""

    start_q = np.array([0.45, -0.32, -0.45, -2.57, -0.18, 2.27, -0.91])
    start_gripper = MAX_WIDTH

    def add_objects(self, spec: mujoco.MjSpec) -> None:
        """Add plate and melon."""
        spec.option.impratio = 10.0  # friction strong enough that nothing creeps out of the fingers
        plate = spec.worldbody.add_body(name="plate")
        cylinder = mujoco.mjtGeom.mjGEOM_CYLINDER
        for name, radius, z, shade in (("plate", PLATE_RADIUS, 0.0, 1.0), ("plate_well", 0.06, 0.0006, 0.8)):
            plate.add_geom(
                name=name,
                type=cylinder,
                pos=[0, 0, z],
                size=[radius, _PLATE_HALF, 0],
                rgba=[shade, shade, shade, 1],
                **object_collision(),
            )
        melon = add_free_body(spec, "melon", damping=3e-4)
        melon.add_geom(
            name="melon",
            type=mujoco.mjtGeom.mjGEOM_ELLIPSOID,
            size=[RADIUS, RADIUS, 0.95 * RADIUS],
            mass=0.12,
            **_GRIP,
            **movable_collision(),
        )

    def vary(
        self, model: mujoco.MjModel, data: mujoco.MjData, rng: np.random.Generator, recolour: bool
    ) -> None:
        """Draw the places of melon and plate and, on request, their colours."""
        melon = _MELON + rng.uniform(-1, 1, 2) * _MELON_SPREAD
        plate = _PLATE + rng.uniform(-1, 1, 2) * _PLATE_SPREAD
        model.body("plate").pos = [*plate, _PLATE_HALF]
        put(data, "melon", [*melon, 0.95 * RADIUS], rng.uniform(-np.pi, np.pi))
        china = rng.uniform(0.2, 1.0, 3)
        peel = distinct_colour(rng, china)
        melon_colour, plate_colour = (peel, china) if recolour else _LAB_COLOURS
        paint(model, "melon", melon_colour)
        paint(model, "plate", plate_colour)
        paint(model, "plate_well", 0.6 * plate_colour + 0.4)

    def success(self, model: mujoco.MjModel, data: mujoco.MjData) -> bool:
        """Tell whether the melon lies still on the plate, wholly inside its rim, and is let go of."""
        melon, plate = data.body("melon").xpos, data.body("plate").xpos
        inside = np.linalg.norm(melon[:2] - plate[:2]) < PLATE_RADIUS - RADIUS
        lies = abs(melon[2] - plate[2] - _PLATE_HALF - RADIUS) < 0.006 and speed(data, "melon") < AT_REST
        width = sum(float(data.joint(name).qpos[0]) for name in FINGER_NAMES)
        return bool(inside and lies and width > RELEASED)

    def plan(
        self, model: mujoco.MjModel, data: mujoco.MjData, rng: np.random.Generator, outcome: str
    ) -> list[Waypoint]:
        """Come down over the melon, close, lift, carry, lower, open, and rise."""
        melon, plate = data.body("melon").xpos[:2].copy(), data.body("plate").xpos[:2].copy()
        yaw = _YAW + rng.uniform(-1, 1) * _YAW_SPREAD
        grasp = melon + rng.uniform(-0.003, 0.003, 2)
        release = plate + rng.uniform(-0.012, 0.012, 2)
        if outcome == "miss":
            turn = rng.uniform(-np.pi, np.pi)
            grasp = melon + 0.07 * np.array([np.cos(turn), np.sin(turn)])
        elif outcome == "short":
            release = melon + (plate - melon) * rng.uniform(0.2, 0.45)
        low = _GRASP_HEIGHT + rng.uniform(-0.003, 0.003)
        put_down = low + 2 * _PLATE_HALF + 0.004
        above, lifted = rng.uniform(0.10, 0.13), rng.uniform(0.11, 0.14)

        def at(place: Array, z: float) -> Array:
            return tool_pose(np.array([*place, z]), yaw)

        return [
            Waypoint(at(grasp, above), 0.9, MAX_WIDTH),
            Waypoint(at(grasp, low), 0.6, MAX_WIDTH, careful=True),
            Waypoint(at(grasp, low), 0.3, _CLOSED, careful=True, waits=True),
            Waypoint(at(grasp, lifted), 0.5, _CLOSED, careful=True, waits=True),
            Waypoint(at(release, lifted), 0.9, _CLOSED),
            Waypoint(at(release, put_down), 0.5, _CLOSED, careful=True),
            Waypoint(at(release, put_down), 0.25, MAX_WIDTH, careful=True, waits=True),
            Waypoint(at(release, above), 0.5, MAX_WIDTH, careful=True, waits=True),
        ]
