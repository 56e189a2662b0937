"""A hand that demonstrations only ever sent to two widths is sent to those widths alone.

A regression answers with the mean of what the demonstrations did nearby: near the moment at which some had
closed the hand already, a width half way. The finger's place is part of what the policy sees, so half a step
invites the next half, and a hand that creeps open lets go too soon. The mean still tells which of the two
widths was the more usual one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_LEAST_SPREAD = 0.005
"""m between two widths from which they are two."""

_NEAR = 0.1
"""Share of the spread within which a width counts as one of the two."""

_MOST_ELSEWHERE = 0.05
"""Share of the samples that may lie between: a command is interpolated while it changes."""

_MARGIN = 0.1
"""Share of the spread beyond the middle that a plan must pass before the hand turns round."""


def two_widths(widths: Array) -> list[float]:
    """Return the narrow and the wide command (m) of demonstrations, [] when there are not just two.

    Args:
        widths: commanded opening widths of all samples, m, [B].
    """
    low, high = float(widths.min()), float(widths.max())
    spread = high - low
    if spread < _LEAST_SPREAD:
        return []
    narrow = widths[widths < low + _NEAR * spread]
    wide = widths[widths > high - _NEAR * spread]
    if len(narrow) + len(wide) < (1 - _MOST_ELSEWHERE) * len(widths):
        return []
    return [round(float(np.median(narrow)), 5), round(float(np.median(wide)), 5)]


class HandSwitch:
    """Rounds planned widths to one of two, and turns round only where the plan is clear about it.

    Args:
        widths: the narrow and the wide one, m.
    """

    def __init__(self, widths: list[float]) -> None:
        self._narrow, self._wide = widths
        self._is_wide: bool | None = None

    def reset(self) -> None:
        """Forget where the hand was sent: the next plan begins a run."""
        self._is_wide = None

    def settle(self, planned: Array) -> Array:
        """Return the widths [H], m, to which the hand is sent instead of the planned ones [H], m."""
        shares = (planned - self._narrow) / (self._wide - self._narrow)
        wide = bool(shares[0] > 0.5) if self._is_wide is None else self._is_wide
        settled = np.empty(len(planned))
        for index, share in enumerate(shares):
            if abs(share - 0.5) > _MARGIN:
                wide = bool(share > 0.5)
            settled[index] = self._wide if wide else self._narrow
            if index == 0:
                self._is_wide = wide
        return settled
