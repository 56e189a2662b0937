"""What comes out of the guard each period."""

from __future__ import annotations

import enum
from typing import NamedTuple

from franka_node.limits import Array


class Mode(enum.IntEnum):
    """What the guard does; the numbers are those of vip_interfaces/GuardState."""

    INACTIVE = 0
    HOLD = 1
    TRACKING = 2
    STOPPING = 3
    FAULT = 4
    HOMING = 5


class GuardOutput(NamedTuple):
    """One period's command.

    Attributes:
        q_command: [N] rad for the driver; None while inactive, and in a fault once the arm is elsewhere:
            write nothing.
        dq: [N] rad/s, the commanded velocity.
        gripper: opening width to move to, m; None leaves the gripper.
        mode: what the guard does.
        fault: the latched fault, or empty.
        source_stamp_ns: stamp of the image that the command follows from; None for hold, stop and home.
        latency: s from that stamp to now where this is the first command of a chunk, else None.
    """

    q_command: Array | None
    dq: Array
    gripper: float | None
    mode: Mode
    fault: str
    source_stamp_ns: int | None
    latency: float | None = None
