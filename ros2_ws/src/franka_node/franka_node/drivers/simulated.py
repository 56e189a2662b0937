"""The simulated Panda: a MuJoCo world that runs in real time, as far as it is read."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from franka_node.drivers.base import DRIVERS, DriverConfig, RobotState, Scene
from franka_node.limits import Array
from franka_node.ros2_control.coasting import Coasting
from vip_ros.errors import InternalError

if TYPE_CHECKING:
    from franka_node.sim.world import World

# A process that was held up for longer does not catch up, s.
LONGEST_STEP = 0.1


@DRIVERS.register("simulated")
class SimulatedDriver:
    """Advances its world at each read by the time that passed since the last one."""

    robot = "fer"
    finger_names: tuple[str, ...] = ("panda_finger_joint1", "panda_finger_joint2")
    brings_description = False
    coasting: Coasting | None = None

    def __init__(self, config: DriverConfig) -> None:
        self._config = config
        self._world: World | None = None
        self._q_command: Array = np.zeros(7)
        self._gripper = 0.0
        self._stamp_ns = 0

    def attach(self, node: Any) -> None:
        """The simulated robot is not on the graph."""

    def connect(self) -> None:
        """Build the world; raises UserError for an unknown task."""
        # MuJoCo takes a moment to import: only those who simulate pay for it.
        from franka_node.sim.world import World

        self._world = World(self._config.task, self._config.seed)
        self._forget_targets()

    def read(self) -> RobotState:
        """Let the world catch up with the clock and return its state."""
        world = self._running()
        now_ns = time.time_ns()
        timestep = float(world.model.opt.timestep)
        steps = int((now_ns - self._stamp_ns) * 1e-9 / timestep)
        if steps < 0 or steps * timestep > LONGEST_STEP:
            self._stamp_ns = now_ns - int(LONGEST_STEP * 1e9)
            steps = int(LONGEST_STEP / timestep)
        if steps > 0:
            world.step(self._q_command, self._gripper, steps * timestep)
            self._stamp_ns += int(steps * timestep * 1e9)
        return RobotState(self._stamp_ns, world.q, world.dq, world.gripper)

    def write(self, q_command: Array, dq_command: Array, gripper: float | None) -> None:
        """Set the servos' target."""
        self._running()
        self._q_command = q_command
        self._gripper = self._gripper if gripper is None else gripper

    def stop(self) -> None:
        """Hold the present posture."""
        if self._world is not None:
            self._q_command = self._world.q.copy()

    def recover(self) -> None:
        """A simulated robot is never lost for long."""
        if self._world is None:
            self.connect()

    def close(self) -> None:
        """Give the world up."""
        self._world = None

    def scene(self) -> Scene:
        """Return the world's state as last read."""
        world = self._running()
        return Scene(self._stamp_ns, world.task, world.seed, world.qpos, world.success)

    def reset_scene(self, task: str, seed: int) -> None:
        """Set up another scene; raises UserError for an unknown task."""
        from franka_node.sim.tasks import task_name
        from franka_node.sim.world import World

        world = self._running()
        if task and task_name(task) != world.task:
            self._world = World(task, seed)
        else:
            world.reset(seed)
        self._forget_targets()

    def _forget_targets(self) -> None:
        world = self._running()
        self._q_command, self._gripper = world.q.copy(), world.gripper
        self._stamp_ns = time.time_ns()

    def _running(self) -> World:
        if self._world is None:
            raise InternalError("the simulated robot is not connected")
        return self._world
