"""A gamepad's sticks and buttons as intents, however they were read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vip_teleop.intent import (
    DISCARD,
    FAILURE,
    FASTER,
    FRAME,
    GRIPPER,
    HAND_BACK,
    HOME,
    KEEP,
    RESET,
    SLOWER,
    START,
    SUCCESS,
    Array,
    Intent,
)

DEAD_MAN, SHIFT = "right_shoulder", "left_shoulder"
PLAIN = {"a": GRIPPER, "b": FRAME, "x": HAND_BACK, "y": RESET, "start": START, "back": HOME}
PLAIN |= {"up": FASTER, "down": SLOWER}
SHIFTED = {"a": SUCCESS, "b": FAILURE, "x": DISCARD, "y": KEEP}
HELP = (
    "hold RB to drive; letting go of it brings the arm to rest",
    "left stick: ahead/back, left/right   triggers: right up, left down",
    "right stick: yaw, pitch   cross left/right: roll, up/down: faster/slower",
    "A gripper   B tool/base   X hand back   Y reset the guard   back: home",
    "start: start/stop episode   LB + A success   LB + B failure   LB + Y keep   LB + X discard",
)


@dataclass(frozen=True)
class PadState:
    """What a gamepad shows at one moment.

    Attributes:
        left: left stick, right and up positive, [2] in [-1, 1].
        right: right stick, the same.
        triggers: left and right, [2] in [0, 1].
        pressed: names of the buttons that are down, as those of an Xbox pad.
    """

    left: tuple[float, float] = (0.0, 0.0)
    right: tuple[float, float] = (0.0, 0.0)
    triggers: tuple[float, float] = (0.0, 0.0)
    pressed: frozenset[str] = frozenset()


def softened(share: Array, deadzone: float) -> Array:
    """Return deflections [N] in [-1, 1] with the middle cut out and the rest stretched to full range."""
    beyond = np.clip((np.abs(share) - deadzone) / (1.0 - deadzone), 0.0, 1.0)
    return np.sign(share) * beyond


class PadReader:
    """Turns a pad's states into intents; a button counts when it goes down.

    Args:
        deadzone: share of a stick's travel that is its middle, [0, 1).
    """

    def __init__(self, deadzone: float) -> None:
        self._deadzone = deadzone
        self._before: frozenset[str] | None = None

    def read(self, state: PadState) -> Intent:
        """Return what the pad says now."""
        # A button that is down when the pad is first seen was not pressed for us.
        before = state.pressed if self._before is None else self._before
        self._before = state.pressed
        meanings = SHIFTED if SHIFT in state.pressed else PLAIN
        buttons = tuple(meanings[name] for name in sorted(state.pressed - before) if name in meanings)
        return Intent(engaged=DEAD_MAN in state.pressed, twist=self._twist(state), buttons=buttons)

    def forget(self) -> Intent:
        """Return the intent of a pad that is gone: released."""
        self._before = None
        return Intent(message="no word from the pad: is it on?")

    def _twist(self, state: PadState) -> Array:
        roll = float("right" in state.pressed) - float("left" in state.pressed)
        sticks = np.array([*state.left, *state.right, state.triggers[1] - state.triggers[0]])
        left_x, left_y, right_x, right_y, up = softened(sticks, self._deadzone)
        return np.array([left_y, -left_x, up, roll, right_y, -right_x])


# SDL's own order of buttons, the same for every pad; game_controller_node of ROS keeps it.
# Source: README of ros-drivers/joystick_drivers, joy.
_FACE = ["a", "b", "x", "y"]
_CROSS = ["up", "down", "left", "right"]
_STICKS, _SHOULDERS = ["left_stick", "right_stick"], ["left_shoulder", "right_shoulder"]
SDL_BUTTONS = [*_FACE, "back", "guide", "start", *_STICKS, *_SHOULDERS, *_CROSS]
# joy_node with an Xbox pad under Linux: the cross is a pair of axes.
_XBOX_BUTTONS = [*_FACE, *_SHOULDERS, "back", "start", "guide", *_STICKS]


class JoyLayout:
    """Reads sensor_msgs/Joy of one kind of sender.

    Args:
        name: joy_node or game_controller_node.
    """

    NAMES = ("joy_node", "game_controller_node")

    def __init__(self, name: str) -> None:
        self._sdl = name == "game_controller_node"
        self._touched = [False, False]

    def state(self, axes: Sequence[float], buttons: Sequence[int]) -> PadState:
        """Return the state of a message; what the message lacks is at rest, NaN too."""
        values = [float(np.clip(np.nan_to_num(value), -1.0, 1.0)) for value in axes]
        values += [0.0] * (8 - len(values))
        names = SDL_BUTTONS if self._sdl else _XBOX_BUTTONS
        pressed = {name for name, down in zip(names, buttons, strict=False) if down}
        # Both senders count left and up as positive.
        if self._sdl:
            triggers = (abs(values[4]), abs(values[5]))
            right = (-values[2], values[3])
        else:
            triggers = (self._trigger(0, values[2]), self._trigger(1, values[5]))
            right = (-values[3], values[4])
            pressed |= {n for n, v in (("left", values[6]), ("up", values[7])) if v > 0.5}
            pressed |= {n for n, v in (("right", values[6]), ("down", values[7])) if v < -0.5}
        return PadState((-values[0], values[1]), right, triggers, frozenset(pressed))

    def _trigger(self, side: int, value: float) -> float:
        """Return how far a trigger is pressed; joy_node says 0 until it is first touched, later 1 at rest."""
        self._touched[side] = self._touched[side] or value != 0.0
        return (1.0 - value) / 2 if self._touched[side] else 0.0
