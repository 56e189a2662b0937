"""The gripper's action, as franka_ros2 names it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from rclpy.task import Future

from franka_node.ros2_control.foreign import interface
from franka_node.ros2_control.side_node import SideNode

# A goal that has not ended after so long is lost, with its server, s; a Franka hand takes two at most.
LOST_AFTER = 10.0


class _Goal:
    """One motion: from the wish to its result."""

    def __init__(self, width: float) -> None:
        self.width, self.since = width, time.monotonic()
        self.handle: Any = None
        self.cancelled = False

    def cancel(self) -> None:
        """End it, also before it was sent or accepted."""
        self.cancelled = True
        if self.handle is not None:
            self.handle.cancel_goal_async()


class GripperCalls:
    """Goals of control_msgs/GripperCommand, one at a time; all of it runs in the side node's thread.

    A goal waits for the result of the one before: the gripper's node looks for cancellations only now and
    then, and the stop that it answers them with would end a motion that had begun meanwhile.

    Args:
        side: the node to act on.
        name: of the action.
        effort: with which it closes, N.
        report: called with one line when the gripper does not do what it was told.

    Raises:
        UserError: control_msgs is not installed.
    """

    def __init__(self, side: SideNode, name: str, effort: float, report: Callable[[str], None]) -> None:
        self._kind = interface("control_msgs", "action", "GripperCommand", "gripper_action")
        self._client = ActionClient(side.node, self._kind, name)
        self._name, self._effort, self._report = name, effort, report
        self._current: _Goal | None = None
        self._waiting: _Goal | None = None

    def begin(self, width: float) -> Callable[[], None]:
        """Move to a width (m) as soon as the gripper is free; return what cancels it."""
        goal = _Goal(width)
        if not self._client.server_is_ready():
            self._report(f"no action {self._name}: the gripper stays as it is")
        current = self._current
        if current is None or goal.since - current.since > LOST_AFTER:
            self._send(goal)
        else:
            self._waiting = goal
        return goal.cancel

    def close(self) -> None:
        """Give the client up."""
        self._client.destroy()

    def _send(self, goal: _Goal) -> None:
        self._current = goal
        request = self._kind.Goal()
        request.command.position = goal.width / 2  # franka_gripper counts one finger
        request.command.max_effort = self._effort
        self._client.send_goal_async(request).add_done_callback(lambda done: self._answered(goal, done))

    def _answered(self, goal: _Goal, done: Future) -> None:
        handle = done.result()
        if not handle.accepted:
            self._report(f"{self._name} refused to move to {goal.width:.3f} m")
            self._end(goal)
            return
        goal.handle = handle
        handle.get_result_async().add_done_callback(lambda ended: self._judge(goal, ended.result()))
        if goal.cancelled:
            goal.cancel()

    def _judge(self, goal: _Goal, ended: Any) -> None:
        at = 2 * ended.result.position
        # A hand that closes on something thicker than the width says that it failed, and holds it.
        if ended.status == GoalStatus.STATUS_ABORTED and at < goal.width and not goal.cancelled:
            way = f"at {1e3 * at:.0f} mm on the way to {1e3 * goal.width:.0f} mm"
            self._report(f"{self._name} ended {way}; is the hand homed?")
        self._end(goal)

    def _end(self, goal: _Goal) -> None:
        if goal is not self._current:
            return
        self._current, following, self._waiting = None, self._waiting, None
        if following is not None and not following.cancelled:
            self._send(following)
