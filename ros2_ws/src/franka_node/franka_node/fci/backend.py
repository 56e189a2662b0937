"""What a client library of the FCI is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from franka_node.limits import Array

# Joint stiffness, Nm/rad: that of franka_ros2's joint trajectory controller, at home on every arm.
STIFFNESS = np.array([600.0, 600.0, 600.0, 600.0, 250.0, 150.0, 50.0])


@dataclass(frozen=True)
class Reading:
    """One state of the robot: its own clock (s), q [N] rad and dq [N] rad/s."""

    time: float
    q: Array
    dq: Array


class Hand(Protocol):
    """A gripper whose calls block, move() for about a second."""

    def width(self) -> float:
        """Return the opening width, m."""

    def move(self, width: float) -> None:
        """Move to a width (m) and wait for it; an object in between ends the motion and is held."""

    def stop(self) -> None:
        """Make move() return."""


class Arm(Protocol):
    """A connection to one arm; every method may raise the library's own exceptions."""

    def read(self) -> Reading:
        """Return the newest state."""

    def begin(self) -> None:
        """Take control, holding the present posture."""

    def follow(self, q: Array, dq: Array) -> None:
        """Set the target of the running control."""

    def running(self) -> bool:
        """Return whether the control that begin() started still runs."""

    def end(self) -> None:
        """Come to rest and give control back to the robot; raise what ended a control that had failed."""

    def has_errors(self) -> bool:
        """Return whether the robot must be recovered first."""

    def recover(self) -> None:
        """Clear the robot's errors."""
