"""Teleoperation devices by name; each is one file that registers itself."""

from __future__ import annotations

from typing import Any, Protocol

from vip_ros.registry import Registry
from vip_teleop.demonstration import Demonstration
from vip_teleop.intent import Intent, View
from vip_teleop.teleop_config import TeleopConfig


class Device(Protocol):
    """What a person drives with, or who drives in a person's place.

    Attributes:
        commanding: False where the robot itself is moved by hand and its joints are only told.
        joints: True where the device gives joint targets instead of twists.
        help: how to drive with it, lines of text.
    """

    commanding: bool
    joints: bool
    help: tuple[str, ...]

    def __init__(self, config: TeleopConfig) -> None: ...

    def attach(self, node: Any) -> None:
        """Take the ROS node that the device serves, before open: for devices behind topics."""

    def open(self) -> None:
        """Reach the device; raises UserError when that fails."""

    def read(self, view: View) -> Intent:
        """Return what the person wants now; never waits. Raises UserError when the device is lost."""

    def switch(self, engage: bool) -> str:
        """Engage or release by service; return why not, or an empty string."""

    def forget(self) -> None:
        """Drop what came while nobody looked, before the first read after an activation."""

    def close(self) -> None:
        """Let go of the device; may be called twice, and without open."""


class LockstepDevice(Protocol):
    """A device that demonstrates in a simulator which waits for it."""

    def demonstrate(self, task: str, seed: int) -> Demonstration:
        """Attempt the task once in the scene of that seed; raises UserError for an unknown task."""

    def close(self) -> None:
        """Release what the device holds."""


DEVICES: Registry[Any] = Registry("teleop device", package="vip_teleop.devices")
