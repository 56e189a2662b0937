"""What a task is: objects, how they vary by seed, when it is done, and how a person would do it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from vip_ros.errors import unknown_name
from vip_ros.registry import Registry

Array = NDArray[np.float64]

TASKS: Registry[type[Task]] = Registry("task", package="franka_node.sim.tasks")


@dataclass(frozen=True)
class Waypoint:
    """One leg of a scripted motion: where the fingertips go and how long the leg takes."""

    pose: Array  # [4, 4] of the tool centre point in the base frame, m
    duration: float  # s, at normal speed
    gripper: float = 0.0  # m, opening width
    careful: bool = False  # no detour, no noise: in contact, or about to be
    waits: bool = False  # begins only when the leg before it is over


class Task(ABC):
    """A task stated in objects, an outcome and waypoints; stateless: one instance serves all seeds."""

    start_q: Array  # joints [7] at the start of an episode, before noise, rad
    start_noise: float = 0.03  # rad, standard deviation of each joint at the start
    start_gripper: float = 0.0  # m, opening width at the start

    @abstractmethod
    def add_objects(self, spec: mujoco.MjSpec) -> None:
        """Add the task's objects to the scene, once, before it is compiled."""

    @abstractmethod
    def vary(
        self, model: mujoco.MjModel, data: mujoco.MjData, rng: np.random.Generator, recolour: bool
    ) -> None:
        """Place the objects for one episode by writing to the compiled model and to qpos.

        Args:
            model: compiled scene.
            data: its state.
            rng: all randomness comes from here; what is drawn may not depend on recolour.
            recolour: also give the objects other colours; else they are one lab's, the same every time.
        """

    @abstractmethod
    def success(self, model: mujoco.MjModel, data: mujoco.MjData) -> bool:
        """Tell from the simulator's state whether the task is done."""

    def hold(self, model: mujoco.MjModel, data: mujoco.MjData, gripper: float) -> None:  # noqa: B027  for few
        """Let the hand take hold of, or let go of, what contact alone cannot hold; before each physics step.

        Args:
            model: compiled scene.
            data: its state, of which constraints may be switched.
            gripper: opening width that is commanded, m.
        """

    @abstractmethod
    def plan(
        self, model: mujoco.MjModel, data: mujoco.MjData, rng: np.random.Generator, outcome: str
    ) -> list[Waypoint]:
        """Return the legs by which a person would do it; outcome 'miss' or 'short' fails on purpose."""


def task_name(text: str) -> str:
    """Return the registered name that a user means: 'CloseDrawer', 'close-drawer' → 'close_drawer'.

    Raises:
        UserError: no such task; it names those that exist.
    """
    names = TASKS.names()
    wanted = _squash(text)
    for name in names:
        if _squash(name) == wanted:
            return name
    raise unknown_name("task", text, names)


def _squash(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())
