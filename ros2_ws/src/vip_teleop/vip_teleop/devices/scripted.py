"""The scripted demonstrator: plans like a person, with a person's variety, in the simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vip_teleop.demonstration import Demonstration
from vip_teleop.devices import DEVICES

if TYPE_CHECKING:
    from franka_node.sim.lockstep import LockstepEnv


@DEVICES.register("scripted")
class ScriptedDevice:
    """Demonstrates without a person.

    Args:
        rate: pictures and commands per second, Hz.
    """

    def __init__(self, rate: float = 20.0) -> None:
        self._rate = rate
        self._scene: LockstepEnv | None = None

    def demonstrate(self, task: str, seed: int) -> Demonstration:
        """Attempt the task once in the scene of that seed."""
        from franka_node.sim.lockstep import LockstepEnv, collect
        from franka_node.sim.panda import FINGER_NAMES, JOINT_NAMES
        from franka_node.sim.tasks import task_name

        name = task_name(task)
        if self._scene is None or self._scene.world.task != name:
            self.close()
            self._scene = LockstepEnv(name, seed)
        run = collect(name, seed, self._rate, env=self._scene)
        return Demonstration(
            task=run.task,
            seed=run.seed,
            success=run.success,
            rate=run.rate,
            stamps=run.stamps,
            frames=run.frames,
            q=run.q,
            dq=run.dq,
            q_command=run.q_command,
            gripper=run.gripper,
            joint_names=JOINT_NAMES,
            finger_names=FINGER_NAMES,
        )

    def close(self) -> None:
        """Give the graphics memory back."""
        if self._scene is not None:
            self._scene.close()
            self._scene = None
