"""The keyboard of a terminal, also over ssh: a key that repeats is held, silence lets go."""

from __future__ import annotations

import time

from vip_teleop.device_base import HeldDevice
from vip_teleop.devices import DEVICES
from vip_teleop.intent import Intent, View
from vip_teleop.keys import HELP, HeldKeys, split_keys
from vip_teleop.teleop_config import TeleopConfig
from vip_teleop.terminal import KeyTerminal


@DEVICES.register("keyboard")
class Keyboard(HeldDevice):
    """Reads keys from the terminal that the program was started in."""

    hold = "hold a key in the terminal"
    help = HELP

    def __init__(self, config: TeleopConfig | None = None) -> None:
        super().__init__(config)
        self._terminal = KeyTerminal()
        self._held = HeldKeys(self.config.dead_man)

    def open(self) -> None:
        """Take the terminal; raises UserError where there is none."""
        self._terminal.open()

    def read(self, view: View) -> Intent:
        """Return what the keys say; raises UserError when the terminal is gone."""
        buttons = [self._held.press(key, view.now) for key in split_keys(self._terminal.read())]
        return Intent(
            engaged=self._held.engaged(view.now),
            twist=self._held.twist(view.now),
            buttons=tuple(button for button in buttons if button),
            message="held from before: let go of all keys first" if self._held.deaf(view.now) else "",
        )

    def forget(self) -> None:
        """Drop what was typed; raises UserError when the terminal is gone."""
        self._held.forget(self._terminal.drain(), time.monotonic())

    def close(self) -> None:
        """Put the terminal back as it was."""
        self._terminal.close()
        super().close()
