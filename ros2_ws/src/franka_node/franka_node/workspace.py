"""Where the arm may be: a box for the fingertips, and a table that no part of the arm goes through."""

from __future__ import annotations

import dataclasses

import numpy as np

from franka_node.arm_geometry import LEVERS, PARTS, RADII, TIP, part_positions
from franka_node.limits import Array
from vip_ros.config import option
from vip_ros.errors import UserError

# An arm that starts outside may move as far outside as it was, and this much, m.
SLACK = 1e-3
# Where on the way to the stop the parts are looked at, as shares of it.
_ON_THE_WAY = np.linspace(0.0, 1.0, 5)[:, np.newaxis]


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
        self._anchor: Array | None = None
        self._room = 0.0

    def place(self, q: Array) -> None:
        """Begin at a posture [7]: as far outside as that one is may the arm be, and not farther."""
        self._anchor = None
        if self._enabled:
            depth = float(self._depths(q).max())
            self._allowed = depth + SLACK if depth > 0 else 0.0

    def refusal(self, q: Array) -> str:
        """Return what would be outside at postures [..., 7] (rad), or an empty string."""
        return self._told(self._depths(q)) if self._enabled else ""

    def leaving(self, here: Array, stop: Array) -> str:
        """Return what leaves on the way [7] -> [7] to a stop, or an empty string.

        Far from every wall it costs two products: no part moves farther than LEVERS say.
        """
        if not self._enabled:
            return ""
        if self._anchor is not None:
            moved = np.abs(np.stack((here, stop)) - self._anchor) @ LEVERS
            if moved.max() < self._room:
                return ""
        depths = self._depths(here + _ON_THE_WAY * (stop - here))
        own = float(depths[0].max())
        self._anchor, self._room = here, -own
        # The way back in is one way.
        self._allowed = min(self._allowed, own + SLACK) if own > 0 else 0.0
        return self._told(depths)

    def _depths(self, q: Array) -> Array:
        """Return how deep (m, negative inside) each part and each side of the box is, [..., P + 3]."""
        parts = part_positions(q)
        tips = parts[..., TIP, :]
        below = self._table + RADII - parts[..., 2]
        return np.concatenate((below, np.maximum(self._lower - tips, tips - self._upper)), axis=-1)

    def _told(self, depths: Array) -> str:
        deepest = depths.reshape(-1, depths.shape[-1]).max(axis=0)
        worst = int(deepest.argmax())
        if deepest[worst] <= self._allowed:
            return ""
        far = f"{deepest[worst] * 100:.1f} cm"
        if worst < len(PARTS):
            return f"the {PARTS[worst][0]} {far} below the table"
        return f"the fingertips {far} outside the box in {'xyz'[worst - len(PARTS)]}"
