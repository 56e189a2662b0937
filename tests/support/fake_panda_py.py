"""A stand-in for panda-python 1.1: the calls that the driver uses, as the real ones are and behave.

The habits, read in its documentation and sources: is_moving() stays true when an error ends the control loop,
the state then stays that of the loop's last cycle, and raise_error() tells the error once.
"""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np


class World:
    """The robot behind the module: what it is told, and what happens to it."""

    def __init__(self, q: np.ndarray) -> None:
        self.q, self.milliseconds = np.array(q), 0
        self.log: list[Any] = []
        self.errors, self.refusal, self.width = False, "", 0.04

    def module(self) -> dict[str, ModuleType]:
        """Return what import panda_py and its two submodules give."""
        world = self

        class Panda(_Panda):
            def __init__(self, hostname: str, name: str = "panda", realtime_config: Any = None) -> None:
                super().__init__(world, hostname)

        class Gripper(_Gripper):
            def __init__(self, franka_address: str) -> None:
                super().__init__(world)

        parts = {
            name: ModuleType(name) for name in ("panda_py", "panda_py.controllers", "panda_py.libfranka")
        }
        root = parts["panda_py"]
        root.Panda, root.controllers, root.libfranka = (
            Panda,
            parts["panda_py.controllers"],
            parts["panda_py.libfranka"],
        )
        root.controllers.JointPosition, root.libfranka.Gripper = JointPosition, Gripper
        return parts

    def reflex(self, panda: _Panda) -> None:
        """Let a reflex end the control loop."""
        self.errors = True
        panda.failure = RuntimeError('libfranka: motion aborted by reflex! ["cartesian_reflex"]')


class JointPosition:
    """The impedance controller."""

    def __init__(self, stiffness: Any = None, damping: Any = None, filter_coeff: float = 1.0) -> None:
        self.stiffness, self.damping, self.finished = np.array(stiffness), np.array(damping), True

    def set_control(self, position: Any, velocity: Any = (0.0,) * 7) -> None:
        """Take a reference."""
        self.target = np.array(position), np.array(velocity)


class _Panda:
    latest: _Panda

    def __init__(self, world: World, hostname: str) -> None:
        if world.refusal:
            raise RuntimeError(world.refusal)
        self.world, self.controller, self.failure, self.dead = world, None, None, False
        _Panda.latest = self
        world.log.append(("connect", hostname))
        self.refresh_state()

    def get_robot(self) -> Any:
        def set_collision_behavior(*thresholds: Any) -> None:
            self.world.log.append(
                ("collision", [len(t) for t in thresholds], thresholds[0][0], thresholds[2][0])
            )

        return SimpleNamespace(set_collision_behavior=set_collision_behavior)

    def start_controller(self, controller: JointPosition) -> None:
        controller.finished, self.controller, self.dead = False, controller, False
        self.world.log.append("start")

    def stop_controller(self) -> None:
        if self.controller is not None:
            self.controller.finished = True
        self.world.log.append("stop")

    def is_moving(self) -> bool:
        return self.controller is not None and not self.controller.finished

    def raise_error(self) -> None:
        failure, self.failure = self.failure, None
        if failure is not None:
            self.dead = True
            raise failure

    def refresh_state(self) -> None:
        if self.is_moving():
            return
        self._read()

    def get_state(self) -> Any:
        if not (self.is_moving() and (self.dead or self.failure)):
            self._read()
        return self.state

    def recover(self) -> None:
        self.world.log.append("recover")
        self.world.errors = False

    def _read(self) -> None:
        self.world.milliseconds += 1
        seconds = self.world.milliseconds / 1e3
        self.state = SimpleNamespace(
            time=SimpleNamespace(to_sec=lambda: seconds),
            q=self.world.q.tolist(),
            dq=[0.0] * 7,
            current_errors=self.world.errors,
        )


class _Gripper:
    def __init__(self, world: World) -> None:
        self.world = world

    def read_once(self) -> Any:
        return SimpleNamespace(width=self.world.width, max_width=0.08, is_grasped=False)

    def move(self, width: float, speed: float) -> bool:
        self.world.log.append(("move", width, speed))
        self.world.width = width
        return True

    def grasp(
        self,
        width: float,
        speed: float,
        force: float,
        epsilon_inner: float = 0.005,
        epsilon_outer: float = 0.005,
    ) -> bool:
        self.world.log.append(("grasp", width, force, epsilon_outer))
        self.world.width = max(width, 0.02)
        return abs(self.world.width - width) < epsilon_outer

    def homing(self) -> bool:
        return True

    def stop(self) -> bool:
        return True
