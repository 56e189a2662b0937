"""What tasks build their objects from: collision masks, bodies that move freely, and how those stand."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from franka_node.sim.panda import ARM_BIT, OBJECT_BIT

Array = NDArray[np.float64]


def object_collision() -> dict[str, Any]:
    """Return the collision masks of a thing that the arm touches, but not other fixed things."""
    return {"contype": OBJECT_BIT, "conaffinity": ARM_BIT}


def movable_collision() -> dict[str, Any]:
    """Return the collision masks of a thing that the arm, the table and other movable things touch."""
    return {"contype": OBJECT_BIT, "conaffinity": ARM_BIT | OBJECT_BIT}


def visual_only() -> dict[str, Any]:
    """Return the collision masks of a thing that is only seen."""
    return {"contype": 0, "conaffinity": 0, "mass": 0.0}


def add_free_body(spec: mujoco.MjSpec, name: str, damping: float = 0.0) -> Any:
    """Add a body that moves freely, with the joint '<name>_free', and return it.

    Args:
        spec: the scene.
        name: of the body.
        damping: resistance of each of the six freedoms, N s/m and Nm s/rad.
    """
    body = spec.worldbody.add_body(name=name)
    body.add_joint(name=f"{name}_free", type=mujoco.mjtJoint.mjJNT_FREE, damping=damping)
    return body


def put(data: mujoco.MjData, name: str, position: Any, yaw: float = 0.0) -> None:
    """Put a free body at a position [3] (m), upright and turned about the vertical (rad)."""
    data.joint(f"{name}_free").qpos = [*position, np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2)]


def tilt(data: mujoco.MjData, name: str) -> float:
    """Return the angle between a body's z axis and the vertical, rad."""
    return float(np.arccos(np.clip(data.body(name).xmat[8], -1.0, 1.0)))


def speed(data: mujoco.MjData, name: str) -> float:
    """Return how fast a free body moves, m/s."""
    return float(np.linalg.norm(data.joint(f"{name}_free").qvel[:3]))


def paint(model: mujoco.MjModel, prefix: str, colour: Any) -> None:
    """Give every geom whose name begins with a prefix a colour [3]."""
    for i in range(model.ngeom):
        if model.geom(i).name.startswith(prefix):
            model.geom_rgba[i, :3] = colour


def distinct_colour(rng: np.random.Generator, other: Any, least: float = 0.6) -> Array:
    """Return a random colour [3] that differs from another [3] by at least so much, summed over channels."""
    while True:
        colour = rng.uniform(0.1, 0.95, 3)
        if np.abs(colour - np.asarray(other)[:3]).sum() > least:
            return colour
