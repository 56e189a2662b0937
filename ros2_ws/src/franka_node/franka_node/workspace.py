"""Where the arm may be: a box for the fingertips, and a table that no part of the arm goes through."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from franka_node.arm_geometry import DH, LEVERS, PARTS, RADII, TIP, part_places, part_positions
from franka_node.limits import Array
from franka_node.targets import Vector
from vip_ros.config import option
from vip_ros.errors import UserError

_JOINTS = len(DH)
# An arm that starts outside may move as far outside as it was, and this much, m.
SLACK = 1e-3
_LEVERS: Vector = LEVERS.tolist()
_RADII: Vector = RADII.tolist()
# Where on the way to the stop the parts are looked at, as shares of it.
_ON_THE_WAY = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclasses.dataclass(frozen=True)
class WorkspaceConfig:
    """The space of the arm in its base frame: x ahead, y to the left, z up from the foot."""

    workspace: bool = option(True, "keep the arm in the box and above the table; false: nowhere checked")
    workspace_lower: list[float] = option([-0.9, -0.9, -0.02], "lowest x, y, z of the fingertips, m")
    workspace_upper: list[float] = option([0.9, 0.9, 1.25], "highest x, y, z of the fingertips, m")
    table_height: float = option(-0.02, "what lies below touches the table, z in m; the arm's foot is at 0")

    def __post_init__(self) -> None:
        corners = np.array([self.workspace_lower, self.workspace_upper], dtype=object)
        if corners.shape != (2, 3):
            raise UserError("a corner of the workspace has not three numbers", "give x, y and z in m")
        lower, upper = corners.astype(np.float64)
        if not (np.isfinite(lower) & np.isfinite(upper) & (lower < upper)).all():
            raise UserError("workspace_lower is not below workspace_upper", "give x, y and z in m")
        if not np.isfinite(self.table_height):
            raise UserError(f"table_height is {self.table_height}", "give a height in m")


class Workspace:
    """Tells how far postures are outside, and remembers how far the arm itself was.

    Args:
        config: box and table.
    """

    def __init__(self, config: WorkspaceConfig) -> None:
        self._enabled = config.workspace
        self._lower = np.array(config.workspace_lower, dtype=np.float64)
        self._upper = np.array(config.workspace_upper, dtype=np.float64)
        self._table = config.table_height
        self._allowed = 0.0
        self._anchor: Vector = ()
        self._room = 0.0

    def place(self, q: Array) -> None:
        """Begin at a posture [7]: as far outside as that one is may the arm be, and not farther.

        Raises:
            UserError: an arm of another number of joints, whose parts nobody knows the places of.
        """
        self._anchor = ()
        if self._enabled:
            if q.shape != (_JOINTS,):
                what = f"the workspace is known for {_JOINTS} joints, the robot has {q.size}"
                raise UserError(what, "set franka_node.workspace to false, see docs/own-driver.md")
            depth = float(self._depths(q).max())
            self._allowed = depth + SLACK if depth > 0 else 0.0

    def refusal(self, q: Array) -> str:
        """Return what would be outside at postures [..., 7] (rad), or an empty string."""
        if not self._enabled:
            return ""
        depths = self._depths(q)
        return self._told(depths.reshape(-1, depths.shape[-1]).max(axis=0).tolist())

    def leaving(self, here: Vector, stop: Vector) -> str:
        """Return what leaves on the way [7] -> [7] to a stop, or an empty string.

        Far from every wall it costs a few products: no part moves farther than LEVERS say.
        """
        if not self._enabled or (self._anchor and max(self._moved(here), self._moved(stop)) < self._room):
            return ""
        way = [x - y for x, y in zip(stop, here, strict=True)]
        own, *later = (
            self._depths_at([x + share * y for x, y in zip(here, way, strict=True)]) for share in _ON_THE_WAY
        )
        depth = max(own)
        self._anchor, self._room = here, -depth
        # The way back in is one way.
        self._allowed = min(self._allowed, depth + SLACK) if depth > 0 else 0.0
        return self._told([max(each) for each in zip(own, *later, strict=True)])

    def _moved(self, q: Vector) -> float:
        """Return how far (m) any part can be from where it was at the anchor."""
        moved = 0.0
        for x, y, lever in zip(q, self._anchor, _LEVERS, strict=True):
            moved += (x - y) * lever if x > y else (y - x) * lever
        return moved

    def _depths(self, q: Array) -> Array:
        """Return how deep (m, negative inside) each part and each side of the box is, [..., P + 3]."""
        parts = part_positions(q)
        tips = parts[..., TIP, :]
        below = self._table + RADII - parts[..., 2]
        return np.concatenate((below, np.maximum(self._lower - tips, tips - self._upper)), axis=-1)

    def _depths_at(self, q: Vector) -> list[float]:
        """Return the same for one posture [7]."""
        parts = part_places(q)
        below = [self._table + radius - part[2] for radius, part in zip(_RADII, parts, strict=True)]
        box = zip(parts[TIP], self._lower.tolist(), self._upper.tolist(), strict=True)
        return below + [max(lower - tip, tip - upper) for tip, lower, upper in box]

    def _told(self, depths: Sequence[float]) -> str:
        """Return what is deeper outside than allowed, of the greatest depths [P + 3], or an empty string."""
        deepest = max(depths)
        if deepest <= self._allowed:
            return ""
        worst, far = depths.index(deepest), f"{deepest * 100:.1f} cm"
        if worst < len(PARTS):
            return f"the {PARTS[worst][0]} {far} below the table"
        return f"the fingertips {far} outside the box in {'xyz'[worst - len(PARTS)]}"
