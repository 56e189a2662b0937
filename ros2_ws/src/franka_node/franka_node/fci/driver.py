"""The driver in front of any client library of the FCI: control on demand, clean ends, bounded recovery."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from franka_node.drivers.base import DriverConfig, RobotState
from franka_node.fci.backend import Arm, Hand
from franka_node.fci.hand_worker import HandWorker
from franka_node.limits import Array
from franka_node.recovery import Step, StepFailed, recover
from franka_node.ros2_control.coasting import Coasting
from vip_ros.errors import InternalError, UserError

# Recoveries of a robot in error take 0.7 to 7.3 s each.
ATTEMPTS, BETWEEN = 3, 1.0


class FciDriver:
    """Takes control of the arm with the first command and gives it back with stop().

    Subclasses name the robot's limits and open the library's connections.

    Attributes:
        tables: names of the tables of limits that fit the arm the library moves; any other one is refused, as
            it would allow what this arm cannot do, or keep it from where it is.
    """

    robot = "fr3-unknown-firmware"
    tables: tuple[str, ...] = ()
    finger_names: tuple[str, ...] = ("fr3_finger_joint1", "fr3_finger_joint2")
    brings_description = False
    coasting: Coasting | None = None

    def __init__(self, config: DriverConfig) -> None:
        if config.robot and config.robot not in self.tables:
            raise UserError(
                f"robot '{config.robot}' is no table of limits of the arm that this driver moves",
                f"give {' or '.join(self.tables)}, or '' for {self.robot}",
                "franka_node",
            )
        self.config = config
        self._arm: Arm | None = None
        self._hand: HandWorker | None = None
        self._controlling = False
        self._robot_time, self._stamp_ns = -1.0, 0
        self._warn: Callable[[str], None] = lambda text: None

    def open_arm(self) -> Arm:
        """Connect to the arm and set its collision behaviour; raises UserError or the library's own."""
        raise NotImplementedError

    def open_hand(self) -> Hand:
        """Connect to the hand; raises the library's own exceptions."""
        raise NotImplementedError

    def attach(self, node: Any) -> None:
        """Take the node whose log says what the hand does wrong."""
        logger = node.get_logger()
        self._warn = lambda text: logger.warning(text, throttle_duration_sec=5.0)

    def connect(self) -> None:
        """Reach arm and hand, and recover the arm from an old error; raises UserError when that fails."""
        self._reach()
        if self.config.hand:
            try:
                hand = self.open_hand()
            except Exception as error:  # the library's own, of many kinds
                raise UserError(
                    f"the hand cannot be reached: {error}", "home it in Desk, or set hand to false"
                ) from None
            self._hand = HandWorker(hand, self._warn)

    def read(self) -> RobotState:
        """Return the newest state; its stamp goes on only when the robot's own clock does."""
        reading = self._connected().read()
        if reading.time != self._robot_time:
            self._robot_time, self._stamp_ns = reading.time, time.time_ns()
        width = 0.0 if self._hand is None else self._hand.width
        return RobotState(self._stamp_ns, reading.q, reading.dq, width)

    def write(self, q_command: Array, dq_command: Array, gripper: float | None) -> None:
        """Set the target, taking control first; raises when the robot has ended the control."""
        arm = self._connected()
        if not self._controlling:
            arm.begin()
            self._controlling = True
        if not arm.running():
            self._controlling = False
            raise ConnectionError(f"the robot ended the control: {_reason(arm.end)}")
        arm.follow(q_command, dq_command)
        if self._hand is not None:
            self._hand.wish = gripper

    def stop(self) -> None:
        """Come to rest and let the robot hold itself."""
        if self._hand is not None:
            self._hand.wish = None
        if self._controlling and self._arm is not None:
            self._controlling = False
            self._arm.end()

    def recover(self) -> None:
        """Connect anew and clear the errors, a bounded number of times; raises UserError when that fails."""
        self._let_go_of_arm()
        self._reach()

    def close(self) -> None:
        """Let go of arm and hand, at rest."""
        if self._hand is not None:
            self._hand.close()
            self._hand = None
        self._let_go_of_arm()

    def _reach(self) -> None:
        recover(
            [Step("connecting", self._open), Step("error recovery", self._clear)],
            ATTEMPTS,
            lambda: time.sleep(BETWEEN),
            "is the robot on, unlocked, its stop button released, FCI active, robot_ip right and no other "
            "program connected?",
        )

    def _open(self) -> None:
        if self._arm is None:
            self._arm = _attempt(self.open_arm)

    def _clear(self) -> None:
        arm = self._connected()
        if _attempt(arm.has_errors):
            _attempt(arm.recover)
        if _attempt(arm.has_errors):
            raise StepFailed("the robot is still in error")

    def _let_go_of_arm(self) -> None:
        try:
            self.stop()
        except Exception as error:  # what ended the control was told when it did
            self._warn(f"the arm was already out of control: {error}")
        self._arm = None

    def _connected(self) -> Arm:
        if self._arm is None:
            raise InternalError("the robot is not connected")
        return self._arm


def _attempt(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except UserError:
        raise
    except Exception as error:  # the library's own, of many kinds
        raise StepFailed(_line(error)) from None


def _reason(end: Callable[[], None]) -> str:
    """Return what ended a control, which its end tells."""
    try:
        end()
    except Exception as error:  # the library's own, of many kinds
        return _line(error)
    return "no reason was given"


def _line(error: Exception) -> str:
    """Return an error in one line: libfranka's have several."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
