"""The gripper's action, as franka_ros2 names it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from rclpy.task import Future

from franka_node.ros2_control.foreign import interface
from franka_node.ros2_control.side_node import SideNode


class GripperCalls:
    """Goals of control_msgs/GripperCommand; begin() and what it returns run in the side node's thread.

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

    def begin(self, width: float) -> Callable[[], None]:
        """Move to a width (m); return what cancels it, also before it was accepted."""
        if not self._client.server_is_ready():
            self._report(f"no action {self._name}: the gripper stays as it is")
        goal = self._kind.Goal()
        goal.command.position = width / 2  # franka_gripper counts one finger
        goal.command.max_effort = self._effort
        cancelled = threading.Event()
        future = self._client.send_goal_async(goal)

        def accepted(done: Future) -> None:
            handle = done.result()
            if not handle.accepted:
                self._report(f"{self._name} refused to move to {width:.3f} m")
            elif cancelled.is_set():
                handle.cancel_goal_async()
            else:
                handle.get_result_async().add_done_callback(lambda ended: self._judge(width, ended.result()))

        def cancel() -> None:
            cancelled.set()
            if future.done() and future.result().accepted:
                future.result().cancel_goal_async()

        future.add_done_callback(accepted)
        return cancel

    def close(self) -> None:
        """Give the client up."""
        self._client.destroy()

    def _judge(self, width: float, ended: Any) -> None:
        # A hand that closes on something thicker than the width says that it failed, and holds it.
        if ended.status == GoalStatus.STATUS_ABORTED and 2 * ended.result.position < width:
            at = 2e3 * ended.result.position
            self._report(
                f"{self._name} ended at {at:.0f} mm on the way to {1e3 * width:.0f} mm; is the hand homed?"
            )
