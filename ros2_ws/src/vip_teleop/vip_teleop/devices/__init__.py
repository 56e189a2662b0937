"""Teleoperation devices by name; each is one file that registers itself."""

from __future__ import annotations

from typing import Protocol

from vip_ros.registry import Registry
from vip_teleop.demonstration import Demonstration


class LockstepDevice(Protocol):
    """A device that demonstrates in a simulator which waits for it."""

    def demonstrate(self, task: str, seed: int) -> Demonstration:
        """Attempt the task once in the scene of that seed; raises UserError for an unknown task."""

    def close(self) -> None:
        """Release what the device holds."""


DEVICES: Registry[type[LockstepDevice]] = Registry("teleop device", package="vip_teleop.devices")
