"""What the guard changed in what was asked for: counted per limit and joint since the last reset."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable


@dataclasses.dataclass(frozen=True)
class Intervention:
    """One kind of limit on one joint: how often it changed a sample, and the largest change."""

    limit: str
    joint: str
    count: int
    largest: float


class InterventionCounter:
    """Counts samples in which a limit changed the wish, with the largest excess in the limit's unit."""

    def __init__(self, joint_names: Iterable[str]) -> None:
        self._joints = tuple(joint_names)
        self._counts: dict[tuple[str, str], tuple[int, float]] = {}
        self.version = 0

    def note(self, limit: str, joint: str, excess: float) -> None:
        """Count one changed sample of one joint (or of "gripper"), by its excess in the limit's unit."""
        count, largest = self._counts.get((limit, joint), (0, 0.0))
        self._counts[limit, joint] = (count + 1, max(largest, float(excess)))
        self.version += 1

    def clear(self) -> None:
        """Start counting anew."""
        self._counts.clear()
        self.version += 1

    def summary(self) -> tuple[Intervention, ...]:
        """Return what was counted, by limit and joint."""
        # A copy, because the control thread may count while another one reports.
        items = sorted(self._counts.copy().items())
        return tuple(Intervention(limit, joint, *counted) for (limit, joint), counted in items)
