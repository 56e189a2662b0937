"""FoldTowel: a towel lies flat on the table; take its near edge and lay it over the far half."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from franka_node.sim.cloth import Cloth, covered
from franka_node.sim.kinematics import tool_pose
from franka_node.sim.tasks.base import TASKS, Task, Waypoint

Array = NDArray[np.float64]

COVERED = 0.75  # share of the far half that the near half must cover
LOW = 0.04  # m, no part of a folded towel lies higher
TOWEL = Cloth("towel", columns=10, rows=7, length=0.24, width=0.18, mass=0.08)
_CENTRE, _SPREAD = np.array([0.53, 0.0]), np.array([0.03, 0.05])  # m
_YAW = np.deg2rad(15.0)  # rad, most that the towel is turned
_OPEN = 0.04  # m
_PINCH_HEIGHT = 0.014  # m, of the fingertips' middle when they close
_LAB_COLOUR = np.array([0.75, 0.20, 0.25])


@TASKS.register("fold_towel")
class FoldTowel(Task):
    """The towel's length points away from the robot; its near half is folded over its far half."""

    start_q = np.array([0.0, -0.31, 0.0, -2.56, 0.0, 2.25, 0.785])
    start_gripper = _OPEN

    def add_objects(self, spec: mujoco.MjSpec) -> None:
        """Add the towel."""
        TOWEL.add_to(spec)

    def vary(
        self, model: mujoco.MjModel, data: mujoco.MjData, rng: np.random.Generator, recolour: bool
    ) -> None:
        """Draw the towel's place and, on request, its colour."""
        TOWEL.lay(model, data, _CENTRE + rng.uniform(-1, 1, 2) * _SPREAD, rng.uniform(-1, 1) * _YAW)
        colour = rng.uniform(0.05, 0.95, 3)
        model.flex_rgba[:, :3] = colour if recolour else _LAB_COLOUR

    def hold(self, model: mujoco.MjModel, data: mujoco.MjData, gripper: float) -> None:
        """Let the fingers pinch the edge."""
        TOWEL.pinch(model, data)

    def success(self, model: mujoco.MjModel, data: mujoco.MjData) -> bool:
        """Tell whether the near half lies on most of the far half, let go of."""
        points = TOWEL.points(model, data)
        if TOWEL.held(model, data) or points[..., 2].max() > LOW:
            return False
        return coverage(points) >= COVERED

    def plan(
        self, model: mujoco.MjModel, data: mujoco.MjData, rng: np.random.Generator, outcome: str
    ) -> list[Waypoint]:
        """Pinch the near edge's middle, carry it in an arc to the far edge, let go, and rise."""
        points = TOWEL.points(model, data)
        near, far = points[0].mean(axis=0)[:2], points[-1].mean(axis=0)[:2]
        length = float(np.linalg.norm(far - near))
        ahead = (far - near) / length
        across = np.array([-ahead[1], ahead[0]])
        yaw = float(np.arctan2(ahead[1], ahead[0]))
        aside = rng.uniform(-0.008, 0.008)
        begin = 0.006 + rng.uniform(-0.004, 0.004) - (0.06 if outcome == "miss" else 0.0)
        end = length + rng.uniform(-0.006, 0.006)
        if outcome == "short":
            end = length * rng.uniform(0.35, 0.6)
        above = rng.uniform(0.09, 0.12)
        middle, reach = (begin + end) / 2, (end - begin) / 2

        def at(along: float, z: float) -> Array:
            return tool_pose(np.array([*(near + along * ahead + aside * across), z]), yaw)

        # The edge goes round the fold; a little inside the circle, or the whole towel would come along.
        arc = [
            (middle - 0.94 * reach * np.cos(turn), 0.94 * reach * np.sin(turn)) for turn in (0.9, 1.6, 2.3)
        ]
        return [
            Waypoint(at(begin, above), 1.0, _OPEN),
            Waypoint(at(begin, _PINCH_HEIGHT), 0.6, _OPEN, careful=True),
            Waypoint(at(begin, _PINCH_HEIGHT), 0.3, 0.0, careful=True, waits=True),
            Waypoint(at(*arc[0]), 0.6, 0.0, careful=True, waits=True),
            *(Waypoint(at(*point), 0.5, 0.0, careful=True) for point in arc[1:]),
            Waypoint(at(end, 2 * _PINCH_HEIGHT), 0.5, 0.0, careful=True),
            Waypoint(at(end, 2 * _PINCH_HEIGHT), 0.25, _OPEN, careful=True, waits=True),
            Waypoint(at(end, above), 0.6, _OPEN, careful=True, waits=True),
        ]


def coverage(points: Array) -> float:
    """Return the share of the towel's far half under its near half, points [columns, rows, 3], from above."""
    half = TOWEL.columns // 2
    flat = points[..., :2]
    cells = (flat[half:-1, :-1] + flat[half + 1 :, :-1] + flat[half:-1, 1:] + flat[half + 1 :, 1:]) / 4
    triangles = TOWEL.triangles
    # Up to the first masses of the far half: the fold itself covers what it is rolled over.
    flap = triangles[(triangles < (half + 1) * TOWEL.rows).all(axis=1)]
    return covered(cells.reshape(-1, 2), flat.reshape(-1, 2)[flap])
