"""What the driver may change while driving: speed, frame and the gripper's opening."""

from __future__ import annotations

import numpy as np

from vip_teleop.intent import CLOSE, FASTER, FRAME, FRAMES, GRIPPER, OPEN, SLOWER, Array, Intent
from vip_teleop.teleop_config import TeleopConfig

STEP_FACTOR = 1.25
LINEAR_RANGE, ANGULAR_RANGE = (0.005, 0.5), (0.02, 2.5)
"""m/s and rad/s: slow enough to thread a needle, and below what the arm's joints allow."""


class Settings:
    """Speed, frame and gripper of one session.

    Args:
        config: where they start.
        width_max: widest opening of the gripper, m.

    Attributes:
        frame: base or tool.
        linear: m/s at full deflection.
        angular: rad/s at full deflection.
        width: wanted opening, m; None until the driver says so.
    """

    def __init__(self, config: TeleopConfig, width_max: float) -> None:
        self.frame, self.linear, self.angular = config.frame, config.linear_speed, config.angular_speed
        self.width: float | None = None
        self._width_max = width_max

    def apply(self, intent: Intent, measured_width: float | None) -> None:
        """Follow the buttons, and the width where the device gives one.

        Args:
            intent: what the device says.
            measured_width: opening of the gripper, m; tells what a toggle leads to the first time.
        """
        for button in intent.buttons:
            if button in (FASTER, SLOWER):
                self._scale(STEP_FACTOR if button == FASTER else 1 / STEP_FACTOR)
            elif button == FRAME:
                self.frame = FRAMES[1 - FRAMES.index(self.frame)]
            elif button in (OPEN, CLOSE):
                self.width = self._width_max if button == OPEN else 0.0
            elif button == GRIPPER:
                now = self.width if self.width is not None else (measured_width or 0.0)
                self.width = 0.0 if now > self._width_max / 2 else self._width_max
        if intent.gripper is not None:
            self.width = float(np.clip(intent.gripper, 0.0, self._width_max))

    def scaled(self, twist: Array) -> Array:
        """Return a twist [6] in m/s and rad/s for shares of full deflection [6]."""
        share = np.clip(twist, -1.0, 1.0)
        return np.concatenate([share[:3] * self.linear, share[3:] * self.angular])

    def _scale(self, factor: float) -> None:
        self.linear = float(np.clip(self.linear * factor, *LINEAR_RANGE))
        self.angular = float(np.clip(self.angular * factor, *ANGULAR_RANGE))


class Ramp:
    """Lets a twist change no faster than from rest to full speed within a time.

    Args:
        time: s; 0 lets it jump.
    """

    def __init__(self, time: float) -> None:
        self._time = time
        self._share = np.zeros(6)

    def reset(self) -> None:
        """Begin from rest."""
        self._share = np.zeros(6)

    def towards(self, share: Array, dt: float) -> Array:
        """Return the share of full deflection [6] one period (s) nearer to the wanted one [6]."""
        most = 1.0 if self._time <= 0 else dt / self._time
        self._share = self._share + np.clip(share - self._share, -most, most)
        if np.abs(self._share).max() < 1e-9:
            self._share = np.zeros(6)
        return self._share
