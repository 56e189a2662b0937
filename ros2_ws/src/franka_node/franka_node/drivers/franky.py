"""An FR3 through franky (the extra "franka"): joint impedance control at 1 kHz in franky's own thread."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Any

import numpy as np

from franka_node.drivers.base import DRIVERS, DriverConfig
from franka_node.fci.backend import STIFFNESS, Hand, Reading
from franka_node.fci.driver import FciDriver
from franka_node.limits import Array
from vip_ros.errors import UserError
from vip_ros.extras import install_extra

GRIPPER_SPEED = 0.1  # m/s
GRIPPER_FORCE = 20.0  # N
# Where the kernel says that it can keep the FCI's period.
_REALTIME = Path("/sys/kernel/realtime")


@DRIVERS.register("franky")
class FrankyDriver(FciDriver):
    """Connects through franky-control, which is imported only here."""

    tables = (
        "fr3",
        "fr3-rectangular",
        "fr3-before-5.9",
        "fr3-before-5.9-rectangular",
        "fr3-unknown-firmware",
    )

    def open_arm(self) -> FrankyArm:
        """Connect; raises UserError when franky is not installed."""
        return FrankyArm(_franky(), self.config)

    def open_hand(self) -> Hand:
        """Connect to the hand."""
        return FrankyHand(_franky().Gripper(self.config.robot_ip))


class FrankyArm:
    """One connection of franky.Robot."""

    def __init__(self, franky: Any, config: DriverConfig) -> None:
        kinds = franky.RealtimeConfig
        realtime = kinds.Enforce if real_time_allowed(_REALTIME) else kinds.Ignore
        self._franky = franky
        self._stiffness = STIFFNESS * config.stiffness_scale
        self._robot = franky.Robot(config.robot_ip, realtime_config=realtime)
        self._robot.set_collision_behavior(config.collision_torque, config.collision_force)
        self._tracker: Any = None

    def read(self) -> Reading:
        """Return the state that the control loop read last; without control read one."""
        state = self._robot.state
        return Reading(state.time.to_sec(), np.array(state.q), np.array(state.dq))

    def begin(self) -> None:
        """Start the impedance control at the present posture."""
        self._tracker = self._franky.JointImpedanceTracker(self._robot, stiffness=self._stiffness)

    def follow(self, q: Array, dq: Array) -> None:
        """Set the reference of the control."""
        self._tracker.set_target(q, dq)

    def running(self) -> bool:
        """Return whether franky's control loop runs."""
        return bool(self._robot.is_in_control)

    def end(self) -> None:
        """Let franky's torque controller brake the arm to rest."""
        tracker, self._tracker = self._tracker, None
        if tracker is not None:
            tracker.stop()

    def has_errors(self) -> bool:
        """Return whether the robot reports an error or is in reflex."""
        return bool(self._robot.has_errors)

    def recover(self) -> None:
        """Run the automatic error recovery."""
        self._robot.recover_from_errors()


def real_time_allowed(flag: Path) -> bool:
    """Return whether the kernel keeps real time (flag: its file) and this user may ask for it.

    Without either, libfranka would refuse to connect instead of running as well as it can.
    """
    return flag.exists() and (os.geteuid() == 0 or resource.getrlimit(resource.RLIMIT_RTPRIO)[0] != 0)


class FrankyHand:
    """One connection of franky.Gripper."""

    def __init__(self, gripper: Any) -> None:
        self._gripper = gripper

    def width(self) -> float:
        """Return the opening width, m."""
        return float(self._gripper.width)

    def move(self, width: float) -> None:
        """Close with force on whatever lies in between, or open to a width."""
        if width < self.width():
            # Any width at which the fingers meet something is a grasp: the hand keeps pressing.
            self._gripper.grasp(width, GRIPPER_SPEED, GRIPPER_FORCE, epsilon_inner=0.1, epsilon_outer=0.1)
        else:
            self._gripper.move(width, GRIPPER_SPEED)

    def stop(self) -> None:
        """End a motion under way."""
        self._gripper.stop()


def _franky() -> Any:
    try:
        import franky
    except ImportError as error:
        raise UserError(
            f"franky cannot be imported ({error})", install_extra("franka"), "driver franky"
        ) from None
    return franky
