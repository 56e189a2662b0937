"""Pictures that come on time and show nothing: a frozen, black or exchanged camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vip_reward_node.video import Image
from vip_ros.config import option
from vip_ros.errors import UserError

# Every so many pixels are looked at first, which tells nearly all pictures apart.
_STRIDE = 16


@dataclass(frozen=True)
class PictureRules:
    """What a camera that a robot depends on must keep to; all off for recorded and simulated pictures."""

    frozen_after: float = option(0.0, "refuse a picture that is repeated for longer than this, s; 0: never")
    dark_below: float = option(0.0, "refuse a picture whose mean of 0..255 lies below this; 0: never")
    one_size: bool = option(False, "refuse pictures of another size than the first")

    def __post_init__(self) -> None:
        """Refuse values that no picture could keep to."""
        if not self.frozen_after >= 0.0 or not 0.0 <= self.dark_below < 255.0:
            raise UserError(
                f"frozen_after is {self.frozen_after:g}, dark_below {self.dark_below:g}",
                "give a time of 0 s or more, and a mean brightness from 0 to below 255",
            )


class PictureWatch:
    """Looks at each picture before it is encoded.

    A refused picture has no embedding, so the stream of embeddings falls silent and the guard stops the arm.

    Args:
        rules: what is refused.
    """

    def __init__(self, rules: PictureRules) -> None:
        self._rules = rules
        self._size: tuple[int, int] | None = None
        self._last: Image | None = None
        self._since = 0.0

    def check(self, rgb: Image, seconds: float) -> None:
        """Take the next picture.

        Args:
            rgb: uint8 [H, W, 3], which must not be changed afterwards.
            seconds: when it was taken, s.

        Raises:
            UserError: the rules refuse it; says how and what to do.
        """
        self._check_size(rgb)
        if self._rules.dark_below > 0.0 and float(rgb.mean()) < self._rules.dark_below:
            raise UserError("the picture is black", "look at the lens, the light and the camera's cable")
        if self._rules.frozen_after > 0.0:
            self._check_change(rgb, seconds)

    def _check_size(self, rgb: Image) -> None:
        size = (rgb.shape[1], rgb.shape[0])
        self._size = self._size or size
        if self._rules.one_size and size != self._size:
            raise UserError(
                f"the picture is {size[0]}x{size[1]}, those before {self._size[0]}x{self._size[1]}",
                "keep the camera's mode, or deactivate and activate the node",
            )

    def _check_change(self, rgb: Image, seconds: float) -> None:
        last, self._last = self._last, rgb
        if last is None or not _same(last, rgb):
            self._since = seconds
        elif seconds - self._since > self._rules.frozen_after:
            raise UserError(
                f"the picture has not changed for {seconds - self._since:.1f} s", "start the camera again"
            )


def _same(first: Image, second: Image) -> bool:
    if first.shape != second.shape:
        return False
    near = slice(None, None, _STRIDE)
    return np.array_equal(first[near, near], second[near, near]) and np.array_equal(first, second)
