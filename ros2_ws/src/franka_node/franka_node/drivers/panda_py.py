"""A Franka Emika Panda (FER, system 4.2.1 or newer) through panda-python: joint impedance in its thread."""

from __future__ import annotations

from typing import Any

import numpy as np

from franka_node.drivers.base import DRIVERS, DriverConfig
from franka_node.fci.backend import STIFFNESS, Hand, Reading
from franka_node.fci.driver import FciDriver
from franka_node.limits import Array
from vip_ros.errors import UserError

GRIPPER_SPEED = 0.1  # m/s
GRIPPER_FORCE = 20.0  # N
# Critical damping for a link inertia of about 1 kg m^2 at the base and 0.1 at the wrist, Nms/rad.
DAMPING = np.array([50.0, 50.0, 50.0, 50.0, 20.0, 15.0, 10.0])


@DRIVERS.register("panda_py")
class PandaPyDriver(FciDriver):
    """Connects through panda-python, which is imported only here."""

    robot = "fer"
    tables = ("fer",)
    finger_names: tuple[str, ...] = ("panda_finger_joint1", "panda_finger_joint2")

    def open_arm(self) -> PandaPyArm:
        """Connect; raises UserError when panda-python is not installed."""
        return PandaPyArm(_panda_py(), self.config)

    def open_hand(self) -> Hand:
        """Connect to the hand."""
        return PandaPyHand(_panda_py().libfranka.Gripper(self.config.robot_ip))


class PandaPyArm:
    """One connection of panda_py.Panda."""

    def __init__(self, panda_py: Any, config: DriverConfig) -> None:
        self._stiffness, self._damping = (v * config.stiffness_scale for v in (STIFFNESS, DAMPING))
        self._controllers = panda_py.controllers
        self._panda = panda_py.Panda(config.robot_ip)
        torques, forces = [config.collision_torque] * 7, [config.collision_force] * 6
        self._panda.get_robot().set_collision_behavior(torques, torques, forces, forces)
        self._controller: Any = None
        self._failure: Exception | None = None

    def read(self) -> Reading:
        """Return the state that the control loop read last; without control read one."""
        self._panda.refresh_state()
        state = self._panda.get_state()
        return Reading(state.time.to_sec(), np.array(state.q), np.array(state.dq))

    def begin(self) -> None:
        """Start the impedance control at the present posture."""
        # Its own filter would only add lag: what comes is smooth.
        self._controller = self._controllers.JointPosition(self._stiffness, self._damping, filter_coeff=1.0)
        self._panda.start_controller(self._controller)

    def follow(self, q: Array, dq: Array) -> None:
        """Set the reference of the control."""
        self._controller.set_control(q, dq)

    def running(self) -> bool:
        """Return whether the control loop runs."""
        # A loop that an error ended still counts as moving, with the state of its last cycle: panda-python
        # tells the error only to who asks, and once.
        try:
            self._panda.raise_error()
        except Exception as error:  # RuntimeError by its documentation, libfranka's own in fact
            self._failure = error
        return self._failure is None and bool(self._panda.is_moving())

    def end(self) -> None:
        """Stop the control; raises the robot's error when that had ended it."""
        if self._controller is None:
            return
        failure, self._failure, self._controller = self._failure, None, None
        self._panda.stop_controller()
        if failure is not None:
            raise failure
        self._panda.raise_error()

    def has_errors(self) -> bool:
        """Return whether the robot reports an error."""
        self._panda.refresh_state()
        return bool(self._panda.get_state().current_errors)

    def recover(self) -> None:
        """Run the automatic error recovery."""
        self._panda.recover()


class PandaPyHand:
    """One connection of panda_py.libfranka.Gripper."""

    def __init__(self, gripper: Any) -> None:
        self._gripper = gripper

    def width(self) -> float:
        """Return the opening width, m."""
        return float(self._gripper.read_once().width)

    def move(self, width: float) -> None:
        """Close with force on whatever lies in between, or open to a width."""
        if width < self.width():
            # Any width at which the fingers meet something is a grasp: the hand keeps pressing.
            self._gripper.grasp(width, GRIPPER_SPEED, GRIPPER_FORCE, 0.1, 0.1)
        else:
            self._gripper.move(width, GRIPPER_SPEED)

    def stop(self) -> None:
        """End a motion under way."""
        self._gripper.stop()


def _panda_py() -> Any:
    try:
        import panda_py
        import panda_py.controllers
        import panda_py.libfranka
    except ImportError as error:
        raise UserError(
            f"panda_py cannot be imported ({error})", "pip install panda-python==1.1.1", "driver panda_py"
        ) from None
    return panda_py
