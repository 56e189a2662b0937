"""Guiding by hand: the robot itself is moved, and its measured joints become the actions."""

from __future__ import annotations

from vip_teleop.device_base import SwitchedDevice
from vip_teleop.devices import DEVICES
from vip_teleop.intent import Intent, View


@DEVICES.register("kinesthetic")
class HandGuiding(SwitchedDevice):
    """Tells actions that were led by hand; franka_node is inactive meanwhile and refuses to follow them."""

    commanding = False
    joints = True
    help = (
        "deactivate franka_node, press the robot's guiding buttons and move it by hand;",
        "engage (key e, or teleop_node/engage) begins to tell its joints as actions, release ends it",
    )

    def read(self, view: View) -> Intent:
        """Return that the robot is where it is wanted."""
        return Intent(
            engaged=self.pressed,
            message="guided by hand" if self.pressed else "released: engage to tell the joints",
        )
