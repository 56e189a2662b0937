"""What a task is: objects, how they vary by seed, when it is done, and how a person would do it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from franka_node.sim.appearance import vary_appearance
from franka_node.sim.kinematics import tool_pose
from franka_node.sim.scene import new_scene
from vip_ros.errors import UserError, unknown_name
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
    camera: str = "right"  # the one that looks on unless another is named
    planar_shadows: bool = True  # whether the room has the table that things throw shadows on
    extra: str = ""  # optional part of the installation that the scene is made from

    @classmethod
    def missing(cls) -> str:
        """Return what has to be installed before the task can be built, empty when nothing has."""
        return ""

    def new_scene(self) -> mujoco.MjSpec:
        """Return the room with the arm in it, to add the task's objects to."""
        return new_scene()

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

    def vary_looks(self, model: mujoco.MjModel, rng: np.random.Generator, variation: str) -> None:
        """Vary light, surfaces and cameras of the room; arguments as of vary_appearance."""
        vary_appearance(model, rng, variation)

    def anywhere(self, rng: np.random.Generator, start: Array) -> Array:
        """Return a pose [4, 4] to wander to: above the table, the hand turned by at most 40 degrees.

        Args:
            rng: all randomness comes from here.
            start: pose [4, 4] of the tool centre point at the start, m.
        """
        yaw = float(np.arctan2(start[1, 0], start[0, 0]))
        position = rng.uniform([0.36, -0.20, 0.23], [0.60, 0.24, 0.36])
        turn, tilt = np.deg2rad(rng.uniform(-40, 40)), rng.uniform(-0.3, 0.0)
        return tool_pose(position, yaw + turn, tilt)

    def show(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:  # noqa: B027  for few
        """Write to the model what a picture shows of the state besides places: which lamps are on."""

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


def table_tasks() -> list[str]:
    """Return the tasks that every installation has: what a figure over "all tasks" is made of."""
    return [name for name in TASKS.names() if not TASKS.get(name).extra]


def task_name(text: str) -> str:
    """Return the registered name that a user means: 'CloseDrawer', 'close-drawer' → 'close_drawer'.

    Raises:
        UserError: no such task (it names those that exist), or one that needs more than is installed.
    """
    names = TASKS.names()
    wanted = _squash(text)
    for name in names:
        if _squash(name) == wanted:
            if lacks := TASKS.get(name).missing():
                raise UserError(f"task '{name}' needs {lacks}", mend_for(TASKS.get(name).extra))
            return name
    raise unknown_name("task", text, names)


def mend_for(extra: str) -> str:
    """Return how to install an optional part of the project."""
    return f"run: VIP_EXTRAS=train,encoders,cpu,dev,{extra} ./vip doctor"


def _squash(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())
