"""The keys of the keyboard device, and what holding one means in a terminal that only repeats them."""

from __future__ import annotations

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
    QUIT,
    RESET,
    SLOWER,
    START,
    SUCCESS,
    Array,
    no_twist,
)

# Key → (axis of the twist, sign). Base frame: x ahead, y to the robot's left, z up.
MOTION = {
    "w": (0, 1),
    "s": (0, -1),
    "a": (1, 1),
    "d": (1, -1),
    "r": (2, 1),
    "f": (2, -1),
    "u": (3, -1),
    "o": (3, 1),
    "i": (4, 1),
    "k": (4, -1),
    "j": (5, 1),
    "l": (5, -1),
}
PRESSES = {
    "g": GRIPPER,
    "t": FRAME,
    "+": FASTER,
    "=": FASTER,
    "-": SLOWER,
    "b": HAND_BACK,
    "x": RESET,
    "h": HOME,
    "1": START,
    "2": SUCCESS,
    "3": FAILURE,
    "4": KEEP,
    "5": DISCARD,
    "Q": QUIT,
}
STOP = " "
_ARROWS = {"A": "w", "B": "s", "D": "a", "C": "d"}
HELP = (
    "w/s ahead/back   a/d left/right   r/f up/down      (arrows: as w s a d)",
    "u/o roll         i/k pitch        j/l yaw          space: let go at once",
    "g gripper        t tool/base      +/- speed        h home   x reset the guard",
    "b hand back      1 start/stop episode   2 success   3 failure   4 keep   5 discard   Q quit",
)

# A first press moves for this long, s: terminals begin to repeat after 0.25 to 0.7 s.
TAP = 0.15
# Two presses of one key within this time are a repetition, s.
_REPEAT = 0.9
# A repeating key counts as held for this many of its own intervals, within bounds in s.
_INTERVALS, _SHORTEST, _LONGEST = 2.5, 0.08, 0.25


def split_keys(text: str) -> list[str]:
    """Return the keys of what a terminal sent: arrows as what they stand for, unknown sequences dropped."""
    keys, i = [], 0
    while i < len(text):
        if text[i] != "\x1b":
            keys.append(text[i])
            i += 1
            continue
        end = i + 1
        if text[end : end + 1] in ("[", "O"):
            end += 1
            while end < len(text) and not text[end].isalpha() and text[end] != "~":
                end += 1
            keys += [_ARROWS[text[end]]] if text[end : end + 1] in _ARROWS else []
            end += 1
        i = end
    return keys


class HeldKeys:
    """Knows which direction is held, from the presses that a terminal repeats.

    Args:
        dead_man: s after the last key until the dead-man switch counts as released.
    """

    def __init__(self, dead_man: float) -> None:
        self._dead_man = dead_man
        self._key = ""
        self._pressed_at = -np.inf
        self._moves_until = -np.inf
        self._engaged_until = -np.inf
        self._deaf_until = -np.inf

    def press(self, key: str, now: float) -> str:
        """Note a key at a time (s); return the button it stands for, or an empty string."""
        if key == STOP:
            self._moves_until = self._engaged_until = -np.inf
            self._key = ""
            return ""
        if key in MOTION and self.deaf(now):
            self._deaf_until = now + self._dead_man
            return ""
        if key in MOTION:
            gap = now - self._pressed_at
            repeats = key == self._key and gap < _REPEAT
            held = float(np.clip(_INTERVALS * gap, _SHORTEST, _LONGEST)) if repeats else TAP
            self._key, self._pressed_at = key, now
            self._moves_until, self._engaged_until = now + held, now + self._dead_man
            return ""
        button = PRESSES.get(key, "")
        if button == GRIPPER:  # the hand moves only while somebody drives
            self._engaged_until = max(self._engaged_until, now + self._dead_man)
        return button

    def forget(self, typed: str, now: float) -> None:
        """Forget every key at a time (s); typed are keys nobody looked at yet.

        A direction among those may still be held: directions count again after a silence of dead_man.
        """
        self.press(STOP, now)
        self._pressed_at = -np.inf
        held = any(key in MOTION for key in split_keys(typed))
        self._deaf_until = now + self._dead_man if held else -np.inf

    def deaf(self, now: float) -> bool:
        """Return whether directions do not count yet at a time (s)."""
        return now < self._deaf_until

    def engaged(self, now: float) -> bool:
        """Return whether the dead-man switch counts as held at a time (s)."""
        return now < self._engaged_until

    def twist(self, now: float) -> Array:
        """Return the twist [6] as shares of full deflection at a time (s)."""
        twist = no_twist()
        if now < self._moves_until:
            axis, sign = MOTION[self._key]
            twist[axis] = sign
        return twist
