"""Which action chunks may be followed: every check between the wire and the plan."""

from __future__ import annotations

import numpy as np

from franka_node.chunk import (
    ActionChunk,
    RejectedChunk,
    check_chunk,
    check_near,
    check_stamp,
    due_points,
    upcoming,
)
from franka_node.follower import Follower
from franka_node.guard_config import GuardConfig
from franka_node.limits import Array, RobotLimits
from franka_node.smooth_clock import TimeAxis
from franka_node.watchdog import Watchdogs, streams_of
from franka_node.workspace import Workspace
from vip_ros.senders import MixedSenders


class Admission:
    """Hands chunks that pass every check to the follower, and counts those that do not.

    Args:
        robot: whose joints and gripper the chunks must fit.
        config: thresholds and ages.
        follower: what follows the chunks.
        watchdogs: say which streams are fresh.
        workspace: where the points may lie.
        axis: the guard's time axis.

    Attributes:
        newest_stamp_ns: no chunk stamped this or earlier is followed.
        accepted: chunks followed.
        rejected: chunks refused.
        last_rejection: why the newest refused chunk was.
    """

    def __init__(
        self,
        robot: RobotLimits,
        config: GuardConfig,
        follower: Follower,
        watchdogs: Watchdogs,
        workspace: Workspace,
        axis: TimeAxis,
    ) -> None:
        self._robot, self._config, self._follower = robot, config, follower
        self._watchdogs, self._workspace, self._axis = watchdogs, workspace, axis
        self.newest_stamp_ns = 0
        self.accepted = self.rejected = self._rejected_before = 0
        self.last_rejection = ""
        self._senders = ("", MixedSenders())

    def consider(self, chunk: ActionChunk, now_ns: int, obstacle: str, start: Array | None) -> str:
        """Follow a chunk from now on, or return why not.

        Args:
            chunk: as it came.
            now_ns: ns since the epoch.
            obstacle: why the guard follows nothing at all now, or empty.
            start: measured posture [N] where this chunk begins a motion or takes one over, else None.
        """
        try:
            self._check_senders(chunk, now_ns)
            if obstacle:
                raise RejectedChunk(obstacle)
            self._take(chunk, now_ns, start)
        except RejectedChunk as error:
            return self._reject(str(error))
        except (TypeError, ValueError, OverflowError) as error:
            return self._reject(f"malformed: {error}")
        self.accepted += 1
        self._rejected_before = self.rejected
        return ""

    def why_none(self) -> str:
        """Return why chunks since the last accepted one were refused, or empty when none came."""
        refused = self.rejected > self._rejected_before
        return f"; the newest chunk was rejected: {self.last_rejection}" if refused else ""

    def _check_senders(self, chunk: ActionChunk, now_ns: int) -> None:
        # A person who takes over from a program is another source, and no second sender.
        if chunk.source != self._senders[0]:
            self._senders = (chunk.source, MixedSenders())
        if self._senders[1].note(chunk.number, now_ns * 1e-9):
            raise RejectedChunk(f"several programs send chunks as '{chunk.source}': leave one")

    def _take(self, chunk: ActionChunk, now_ns: int, start: Array | None) -> None:
        check_stamp(chunk, now_ns, self.newest_stamp_ns, self._config)
        positions, gripper = check_chunk(chunk, self._robot.joint_names)
        now = self._axis.seconds(now_ns)
        due = due_points(chunk, positions, self._widths(gripper), self._axis.origin_ns(now_ns))
        points = self._follower.ahead(due, now)
        if start is not None:
            self._check_start(chunk, upcoming(due, now, 0.0).positions[0], start, now_ns)
        outside = self._workspace.refusal(points.positions)
        if outside:
            raise RejectedChunk(f"it leads out of the workspace: {outside}")
        self._follower.take(chunk, points, now)
        self.newest_stamp_ns = chunk.stamp_ns
        self._watchdogs.arm("action", now_ns)

    def _check_start(self, chunk: ActionChunk, first: Array, start: Array, now_ns: int) -> None:
        for stream in streams_of(chunk.source):
            if stream != "action" and not self._watchdogs.fresh(stream, now_ns):
                raise RejectedChunk(f"no fresh {stream.replace('_', ' ')} to start from")
        check_near(first, start, self._config.start_threshold, self._robot.joint_names)

    def _widths(self, gripper: Array) -> Array:
        inside = np.clip(gripper, 0.0, self._robot.gripper_width)
        excess = float(np.abs(gripper - inside).max(initial=0.0))
        if excess > 0:
            self._follower.interventions.note("position", "gripper", excess)
        return inside

    def _reject(self, reason: str) -> str:
        self.rejected += 1
        self.last_rejection = reason
        return reason
