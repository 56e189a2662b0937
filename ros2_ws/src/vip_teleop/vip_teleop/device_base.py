"""What most devices have in common: nothing to reach, and a dead-man switch of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vip_teleop.teleop_config import TeleopConfig


class HeldDevice:
    """A device whose dead-man switch is held by hand, so that no service can press it."""

    commanding = True
    joints = False
    hold = "hold the device's dead-man switch"
    help: tuple[str, ...] = ()

    def __init__(self, config: TeleopConfig | None = None) -> None:
        self.config = config or TeleopConfig()
        self._entities: list[Callable[[], Any]] = []

    def attach(self, node: Any) -> None:
        """Nothing on the graph by default."""

    def open(self) -> None:
        """Nothing to reach by default."""

    def switch(self, engage: bool) -> str:
        """A hand holds this switch, not a program; letting go is always possible by hand."""
        return self.hold

    def forget(self) -> None:
        """Drop what came while nobody looked; what is held by hand now may stay. Nothing by default."""

    def close(self) -> None:
        """Give the subscriptions back."""
        while self._entities:
            self._entities.pop()()

    def listen(self, node: Any, kind: Any, topic: str, callback: Callable[[Any], None], qos: Any) -> None:
        """Subscribe until close()."""
        subscription = node.create_subscription(kind, topic, callback, qos)
        self._entities.append(lambda: node.destroy_subscription(subscription))


class SwitchedDevice(HeldDevice):
    """A device that is engaged and released by the services of teleop_node.

    Attributes:
        pressed: whether it shall drive.
    """

    def __init__(self, config: TeleopConfig | None = None) -> None:
        super().__init__(config)
        self.pressed = False

    def switch(self, engage: bool) -> str:
        """Press or release; always possible."""
        self.pressed = engage
        return ""

    def close(self) -> None:
        """Release, and give the subscriptions back."""
        self.pressed = False
        super().close()
