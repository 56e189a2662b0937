"""A gamepad on this machine, read by SDL: the same buttons on every pad, no ROS driver needed."""

from __future__ import annotations

import os
from typing import Any

from vip_ros.errors import UserError
from vip_teleop.device_base import HeldDevice
from vip_teleop.devices import DEVICES
from vip_teleop.intent import Intent, View
from vip_teleop.pads import HELP, SDL_BUTTONS, PadReader, PadState
from vip_teleop.teleop_config import TeleopConfig

_FULL = 32767.0


@DEVICES.register("gamepad")
class Gamepad(HeldDevice):
    """Reads the first gamepad that SDL knows; one that is unplugged is released, and found again."""

    hold = "hold the right shoulder button of the pad"
    help = HELP

    def __init__(self, config: TeleopConfig | None = None) -> None:
        super().__init__(config)
        self._reader = PadReader(self.config.deadzone)
        self._sdl: Any = None
        self._pads: Any = None
        self._pad: Any = None

    def open(self) -> None:
        """Start SDL without a window; raises UserError without pygame-ce or without a pad."""
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
        os.environ.setdefault("SDL_JOYSTICK_ALLOW_BACKGROUND_EVENTS", "1")
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
        try:
            import pygame
            from pygame._sdl2 import controller
        except ImportError:
            raise UserError(
                "the gamepad device needs pygame-ce",
                "install it with pip install pygame-ce, or use the device joy with ROS's joy_node",
            ) from None
        self._sdl, self._pads = pygame, controller
        pygame.display.init()
        controller.init()
        if not self._find():
            raise UserError("no gamepad found", "plug one in, and see that this user may read /dev/input")

    def read(self, view: View) -> Intent:
        """Return what the pad says now."""
        self._sdl.event.pump()
        if self._pad is None or not self._pad.attached():
            self._pad = None
            return self._reader.forget() if not self._find() else self._reader.read(self._state())
        return self._reader.read(self._state())

    def forget(self) -> None:
        """Take no button for a new press that went down while nobody looked."""
        self._reader.forget()

    def close(self) -> None:
        """Let go of the pad and of SDL."""
        super().close()
        if self._sdl is not None:
            self._pad = None
            self._pads.quit()
            self._sdl.quit()
            self._sdl = None

    def _find(self) -> bool:
        for index in range(self._pads.get_count()):
            if self._pads.is_controller(index):
                self._pad = self._pads.Controller(index)
                return True
        return False

    def _state(self) -> PadState:
        # SDL numbers the axes left x y, right x y, triggers, and counts down as positive.
        axes = [self._pad.get_axis(i) / _FULL for i in range(6)]
        pressed = frozenset(name for i, name in enumerate(SDL_BUTTONS) if self._pad.get_button(i))
        return PadState((axes[0], -axes[1]), (axes[2], -axes[3]), (axes[4], axes[5]), pressed)
