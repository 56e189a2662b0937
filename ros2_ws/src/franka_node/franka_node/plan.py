"""What the guard is following: the reference through the newest chunks, and whose they are."""

from __future__ import annotations

import dataclasses
from bisect import bisect_right

from franka_node.chunk import ActionChunk, Points
from franka_node.reference import Reference


@dataclasses.dataclass(frozen=True)
class Plan:
    """A reference with its gripper widths, and the chunk that gave its end.

    Attributes:
        reference: joint positions over time.
        widths_due: s at which each width is due, [H] (empty: leave the gripper).
        widths: opening widths, m.
        stamp_ns: stamp of the newest chunk.
        source: who sends the chunks.
        final: the stream ends with this plan on purpose.
    """

    reference: Reference
    widths_due: tuple[float, ...]
    widths: tuple[float, ...]
    stamp_ns: int
    source: str
    final: bool

    def width(self, time: float) -> float | None:
        """Return the gripper width to move to: that of the next point due, at the end the last."""
        if not self.widths:
            return None
        return self.widths[min(bisect_right(self.widths_due, time), len(self.widths) - 1)]

    def done(self, time: float) -> bool:
        """Return whether all points are past."""
        return time >= self.reference.end


def continued(reference: Reference, time: float, points: Points, chunk: ActionChunk) -> Plan:
    """Return the plan that leaves a reference at a time and goes through new points.

    Args:
        reference: followed so far, or a hold at the commanded posture.
        time: s, when to leave it.
        points: upcoming ones.
        chunk: which they come from.
    """
    return Plan(
        reference.continued(time, points.due, points.positions),
        tuple(points.widths_due.tolist()),
        tuple(points.widths.tolist()),
        chunk.stamp_ns,
        chunk.source,
        chunk.final,
    )
