"""What the tasks in the Franka kitchen share: the scene, what varies, and when one is done."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from franka_node.sim.kinematics import tool_pose
from franka_node.sim.kitchen import (
    EXTRA,
    KETTLE,
    draw_colours,
    kitchen_scene,
    missing,
    recolour_furniture,
    vary_kitchen_looks,
)
from franka_node.sim.objects import put
from franka_node.sim.tasks.base import Task

Array = NDArray[np.float64]

_SPREAD = np.array([0.02, 0.02, 0.01])  # m, by which the furniture stands elsewhere
_YAW = np.deg2rad(2.0)  # rad
_LAMP_ON = -0.35  # rad, of the switch
_KETTLE_SPREAD = 0.015  # m
# gymnasium-robotics counts an element as done within this of its goal, whichever its unit ...
_NEAR = 0.3
# ... and the VIP paper's benchmark within this share of the joint's range.
_SHARE = 0.15


class KitchenTask(Task):
    """One thing of the kitchen is to be moved; `joint` and `goal` say which and how far."""

    start_q = np.array([0.62, -0.74, -0.18, -2.80, -2.35, 2.42, 0.0])
    camera = "left"
    planar_shadows = False
    extra = EXTRA
    joint: str
    goal: float  # rad or m, the joint's position when it is done, as in gymnasium-robotics

    @classmethod
    def missing(cls) -> str:
        """Return what the kitchen is made from when it is not installed."""
        return missing()

    def new_scene(self) -> mujoco.MjSpec:
        """Return the kitchen with the arm in it."""
        return kitchen_scene()

    def add_objects(self, spec: mujoco.MjSpec) -> None:
        """Add nothing: the kitchen has all of it."""

    def vary(
        self, model: mujoco.MjModel, data: mujoco.MjData, rng: np.random.Generator, recolour: bool
    ) -> None:
        """Shift and turn the furniture before the arm, the kettle on it, and, on request, draw colours."""
        yaw = rng.uniform(-1, 1) * _YAW
        shift = rng.uniform(-1, 1, 3) * _SPREAD
        body = model.body("kitchen")
        turn = np.array([np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2)])
        quat = np.zeros(4)
        mujoco.mju_mulQuat(quat, turn, body.quat)
        body.pos, body.quat = body.pos + shift, quat
        away = rng.uniform(-1, 1, 2) * _KETTLE_SPREAD
        place = shift + [
            np.cos(yaw) * KETTLE[0] - np.sin(yaw) * KETTLE[1] + away[0],
            np.sin(yaw) * KETTLE[0] + np.cos(yaw) * KETTLE[1] + away[1],
            KETTLE[2],
        ]
        put(data, "kettle", place, yaw - np.pi / 2 + rng.uniform(-0.3, 0.3))
        shades = draw_colours(rng)
        if recolour:
            recolour_furniture(model, shades)

    def vary_looks(self, model: mujoco.MjModel, rng: np.random.Generator, variation: str) -> None:
        """Vary the lights and, for encoder training, the cameras."""
        vary_kitchen_looks(model, rng, variation)

    def show(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        """Let the lamp under the hood be on when its switch is."""
        model.light("ovenlight").active = data.joint("light_switch").qpos[0] < _LAMP_ON

    def anywhere(self, rng: np.random.Generator, start: Array) -> Array:
        """Return a pose before the furniture and above the kettle, the fingers about forwards."""
        position = rng.uniform([0.32, -0.05, 0.38], [0.42, 0.30, 0.62])
        return reach(position, rng.uniform(-0.3, 0.3), dip=rng.uniform(0.0, 0.3))

    def success(self, model: mujoco.MjModel, data: mujoco.MjData) -> bool:
        """Tell whether the joint is at its goal by gymnasium-robotics' and by the VIP paper's measure."""
        short = (self.goal - float(data.joint(self.joint).qpos[0])) * np.sign(self.goal)
        lower, upper = model.joint(self.joint).range
        return bool(-_NEAR < short < min(_NEAR, _SHARE * (upper - lower)))


def reach(position: Array, yaw: float, turn: float = 0.0, dip: float = 0.0) -> Array:
    """Return a pose [4, 4] with the fingers pointing forwards, side by side.

    Args:
        position: of the tool centre point [3], m.
        yaw: direction in which the fingers point, about the vertical, rad.
        turn: of the hand about the fingers' direction, rad.
        dip: of the fingers below the horizontal, rad.
    """
    pose = tool_pose(position, yaw, np.pi / 2 - dip)
    # Half a turn more: so held, no task takes the wrist near a limit.
    cos, sin = -np.cos(turn), -np.sin(turn)
    pose[:3, :2] = pose[:3, :2] @ np.array([[cos, -sin], [sin, cos]])
    return pose
