"""A rectangular cloth: point masses on a grid, joined by MuJoCo's elastic flex, pinched by the fingers.

The masses move in three directions each, so that the generalised positions alone determine the shape. They
touch what lies still, not the arm and not each other: the first half of the columns rests a little higher
than the second, which lets it come to lie on the other without the cost of cloth-on-cloth contacts.
A pinch is a weld-type grasp: while the fingers close, the nearest masses of the first column are tied to the
hand where they are (equality constraints), and let go of when the fingers open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from franka_node.sim.panda import ARM_BIT, FINGER_NAMES

Array = NDArray[np.float64]

_PINCH_WIDTH = 0.025  # m, opening of the fingers below which they can hold cloth
_PINCH_REACH = 0.045  # m, from the fingertips' middle to what they hold
_CLOSING = -0.01  # m/s, speed of a finger that is closing
_REST = (0.009, 0.004)  # m, height of the first and of the second half above the table


@dataclass(frozen=True)
class Cloth:
    """A cloth of columns by rows of masses; the columns run along its length (x), the rows along y.

    Attributes:
        name: of its flex, and prefix of its bodies.
        columns: masses along x, an even number.
        rows: masses along y.
        length: m, along x.
        width: m, along y.
        mass: kg, of the whole.
    """

    name: str
    columns: int
    rows: int
    length: float
    width: float
    mass: float

    @property
    def grid(self) -> Array:
        """Where the masses lie in the flat cloth, from its middle, [columns, rows, 2], m."""
        x = np.linspace(-0.5, 0.5, self.columns) * self.length
        y = np.linspace(-0.5, 0.5, self.rows) * self.width
        return np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1)

    @property
    def triangles(self) -> NDArray[np.int64]:
        """Corners of the triangles between the masses, with alternating diagonals, [2 (C-1) (R-1), 3]."""
        found = []
        for i in range(self.columns - 1):
            for j in range(self.rows - 1):
                a, b = i * self.rows + j, (i + 1) * self.rows + j
                if (i + j) % 2 == 0:
                    found += [(a, b, b + 1), (a, b + 1, a + 1)]
                else:
                    found += [(a, b, a + 1), (b, b + 1, a + 1)]
        return np.array(found)

    def add_to(self, spec: mujoco.MjSpec) -> None:
        """Add the masses, the elastic sheet and the (open) ties to the hand."""
        names = []
        for (i, j), place in zip(np.ndindex(self.columns, self.rows), self.grid.reshape(-1, 2), strict=True):
            height = _REST[0] if i < self.columns // 2 else _REST[1]
            names.append(f"{self.name}_{i}_{j}")
            self._add_mass(spec, names[-1], place, height)
        flex = spec.add_flex(name=self.name)
        flex.dim, flex.radius = 2, 0.002
        flex.vertbody, flex.vert = names, [0.0] * (3 * len(names))
        flex.elem = self.triangles.ravel().tolist()
        flex.contype = flex.conaffinity = 0
        # Soft as terry cloth; stiffer sheets would need a smaller time step.
        flex.young, flex.poisson, flex.thickness, flex.elastic2d = 3e4, 0.2, 0.005, 3
        flex.damping = 0.001
        for j in range(self.rows):
            spec.add_equality(
                name=f"{self.name}_tie_{j}",
                type=mujoco.mjtEq.mjEQ_CONNECT,
                objtype=mujoco.mjtObj.mjOBJ_BODY,
                name1="panda_hand",
                name2=f"{self.name}_0_{j}",
                active=False,
            )

    def lay(self, model: mujoco.MjModel, data: mujoco.MjData, centre: Any, yaw: float) -> None:
        """Lay the cloth flat: its middle at a point [2] (m) of the table, turned by an angle (rad)."""
        cos, sin = np.cos(yaw), np.sin(yaw)
        places = self.grid.reshape(-1, 2) @ np.array([[cos, sin], [-sin, cos]]) + np.asarray(centre)
        moved = places - model.body_pos[self._bodies(model)][:, :2]
        first = model.joint(f"{self.name}_0_0_x").qposadr[0]
        data.qpos[first : first + 3 * len(moved)].reshape(-1, 3)[:, :2] = moved

    def points(self, model: mujoco.MjModel, data: mujoco.MjData) -> Array:
        """Return where the masses are, [columns, rows, 3], m."""
        return data.xpos[self._bodies(model)].reshape(self.columns, self.rows, 3).copy()

    def held(self, model: mujoco.MjModel, data: mujoco.MjData) -> bool:
        """Tell whether the hand holds the cloth."""
        return bool(data.eq_active[self._ties(model)].any())

    def pinch(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        """Tie the edge to the hand while the fingers close on it, and untie it once they are open."""
        ties = self._ties(model)
        fingers = [data.joint(name) for name in FINGER_NAMES]
        if sum(float(finger.qpos[0]) for finger in fingers) > _PINCH_WIDTH:
            data.eq_active[ties] = 0
        elif min(float(finger.qvel[0]) for finger in fingers) < _CLOSING and not data.eq_active[ties].any():
            self._tie(model, data, ties)

    def _tie(self, model: mujoco.MjModel, data: mujoco.MjData, ties: slice) -> None:
        tip, hand = data.site("tcp").xpos, data.body("panda_hand")
        edge = data.xpos[self._bodies(model)][: self.rows]
        near = np.linalg.norm(edge - tip, axis=1) < _PINCH_REACH
        model.eq_data[ties, :3] = (edge - hand.xpos) @ hand.xmat.reshape(3, 3)
        model.eq_data[ties, 3:6] = 0.0
        data.eq_active[ties] = near

    def _bodies(self, model: mujoco.MjModel) -> slice:
        first = model.body(f"{self.name}_0_0").id
        return slice(first, first + self.columns * self.rows)

    def _ties(self, model: mujoco.MjModel) -> slice:
        first = model.equality(f"{self.name}_tie_0").id
        return slice(first, first + self.rows)

    def _add_mass(self, spec: mujoco.MjSpec, name: str, place: Array, height: float) -> None:
        body = spec.worldbody.add_body(name=name, pos=[*place, height])
        body.mass, body.inertia, body.explicitinertial = (
            self.mass / (self.columns * self.rows),
            [1e-6] * 3,
            True,
        )
        for axis, direction in zip("xyz", np.eye(3), strict=True):
            body.add_joint(
                name=f"{name}_{axis}", type=mujoco.mjtJoint.mjJNT_SLIDE, axis=direction, damping=0.004
            )
        body.add_geom(
            name=name,
            type=mujoco.mjtGeom.mjGEOM_SPHERE,
            size=[height, 0, 0],
            mass=0.0,
            group=4,
            friction=[0.8, 0.005, 0.0001],
            contype=ARM_BIT,
            conaffinity=0,
        )


def covered(points: Array, triangles: Array) -> float:
    """Return the share of points [P, 2] that lie in any of the triangles [T, 3, 2]."""
    a, b, c = (triangles[None, :, k] for k in range(3))
    inside = points[:, None]
    sides = np.stack([_cross(b - a, inside - a), _cross(c - b, inside - b), _cross(a - c, inside - c)])
    within = (sides >= 0).all(axis=0) | (sides <= 0).all(axis=0)
    return float(np.mean(np.any(within, axis=1)))


def _cross(a: Array, b: Array) -> Array:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
