"""The simulated arm and camera stepped together, without ROS and faster than real time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from franka_node.sim.experts import Style, expert
from franka_node.sim.renderer import Renderer
from franka_node.sim.world import World

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Trajectory:
    """One demonstration; row i holds what was true at stamps[i], and what was commanded then.

    Attributes:
        frames: camera pictures [T, H, W, 3], RGB uint8.
        stamps: simulated time [T], s.
        q: joint angles [T, 7], rad.
        dq: joint velocities [T, 7], rad/s.
        q_command: joint targets [T, 7] for one period after the stamp, rad.
        gripper: commanded opening width [T], m.
        width: measured opening width [T], m.
        success: whether the task was done at the end.
        task: task name.
        seed: scene seed.
        rate: rows per second, Hz.
    """

    frames: NDArray[np.uint8]
    stamps: Array
    q: Array
    dq: Array
    q_command: Array
    gripper: Array
    width: Array
    success: bool
    task: str
    seed: int
    rate: float


class LockstepEnv:
    """A world and its camera for closed-loop evaluation: observe, decide as long as you like, advance.

    Args:
        task: task name, in any spelling of case and separators.
        seed: scene seed of the first episode.
        camera: camera name; empty: the one that looks on at the task.
        width: pixels.
        height: pixels.
    """

    def __init__(
        self, task: str, seed: int = 0, camera: str = "", width: int = 320, height: int = 240
    ) -> None:
        self.world = World(task, seed)
        self._renderer = Renderer(self.world, camera, width, height)

    def reset(self, seed: int) -> None:
        """Begin the episode of that seed."""
        self.world.reset(seed)

    def observe(self) -> tuple[NDArray[np.uint8], Array, float]:
        """Return the picture [H, W, 3], joint angles [7] (rad) and simulated time (s) of this moment."""
        return self._renderer.render(), self.world.q, self.world.time

    def advance(self, q_target: Array, gripper: float, duration: float) -> None:
        """Move towards joint targets [7] (rad) and a gripper width (m) for a duration (s)."""
        self.world.step(q_target, gripper, duration)

    @property
    def gripper(self) -> float:
        """Opening width between the fingers, m."""
        return self.world.gripper

    @property
    def success(self) -> bool:
        """Whether the task is done now."""
        return self.world.success

    def close(self) -> None:
        """Give the graphics memory back."""
        self._renderer.close()


def collect(
    task: str,
    seed: int,
    rate: float = 20.0,
    style: str | Style = "expert",
    camera: str = "",
    width: int = 320,
    height: int = 240,
    env: LockstepEnv | None = None,
) -> Trajectory:
    """Record one scripted demonstration.

    Args:
        task: task name, in any spelling of case and separators.
        seed: of the scene and of the demonstrator.
        rate: pictures and commands per second, Hz.
        style: the demonstrator's style, or its name, see franka_node.sim.experts.
        camera: camera name; empty: the one that looks on at the task.
        width: pixels.
        height: pixels.
        env: an environment of this task and camera to use again; saves building one.

    Raises:
        UserError: unknown task, style or camera, or no way to draw.
    """
    scene = env or LockstepEnv(task, seed, camera, width, height)
    scene.reset(seed)
    rows: list[tuple[NDArray[np.uint8], float, Array, Array, Array, float, float]] = []
    for q_target, gripper in expert(scene.world, np.random.default_rng([seed, 7]), style, rate):
        frame, q, stamp = scene.observe()
        rows.append((frame, stamp, q, scene.world.dq, q_target, gripper, scene.world.gripper))
        scene.advance(q_target, gripper, 1.0 / rate)
    frames, stamps, q_rows, dq_rows, commands, grippers, widths = (
        np.stack(column) for column in zip(*rows, strict=True)
    )
    outcome = (scene.success, scene.world.task, seed, rate)
    result = Trajectory(frames, stamps, q_rows, dq_rows, commands, grippers, widths, *outcome)
    if env is None:
        scene.close()
    return result
