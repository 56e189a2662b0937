"""The calls of the recovery and of the gripper, as franka_ros2 and ros2_control name them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from action_msgs.msg import GoalStatus
from lifecycle_msgs.msg import State
from rclpy.action import ActionClient
from rclpy.task import Future

from franka_node.recovery import Step, StepFailed
from franka_node.ros2_control.foreign import interface
from franka_node.ros2_control.options import Ros2ControlOptions
from franka_node.ros2_control.side_node import SideNode

# How long a server may take to be found, and to answer, s. An error recovery takes 0.7 to 7.3 s.
FOUND, ANSWERED, RECOVERED = 3.0, 5.0, 10.0
# controller_manager_msgs/SwitchController: all or nothing.
STRICT = 2


def recovery_steps(side: SideNode, options: Ros2ControlOptions, controller: str) -> list[Step]:
    """Return the three steps after a reflex; those whose names are empty are left out.

    franka_ros2 leaves the arm in its error, the hardware inactive and the controllers off: each step undoes
    one of these, in this order.

    Raises:
        UserError: the types of a step are not installed.
    """
    steps = []
    if options.error_recovery:
        kind = interface("franka_msgs", "action", "ErrorRecovery", "error_recovery")
        name = options.error_recovery
        steps.append(Step("error recovery", lambda: _act(side, kind, name, RECOVERED)))
    if options.controller_manager:
        parameter = "controller_manager"
        package = "controller_manager_msgs"
        activate = interface(package, "srv", "SetHardwareComponentState", parameter)
        switch = interface(package, "srv", "SwitchController", parameter)
        hardware = activate.Request(
            name=options.hardware_component,
            target_state=State(id=State.PRIMARY_STATE_ACTIVE, label="active"),
        )
        controllers = switch.Request(activate_controllers=[controller], strictness=STRICT)
        manager = options.controller_manager
        path = f"{manager}/set_hardware_component_state"
        steps.append(Step("activating the hardware", lambda: _call(side, activate, path, hardware)))
        path_ = f"{manager}/switch_controller"
        steps.append(Step("activating the controller", lambda: _call(side, switch, path_, controllers)))
    return steps


class GripperCalls:
    """Goals of control_msgs/GripperCommand; begin() and what it returns run in the side node's thread.

    Args:
        side: the node to act on.
        name: of the action.

    Raises:
        UserError: control_msgs is not installed.
    """

    def __init__(self, side: SideNode, name: str, effort: float) -> None:
        self._kind = interface("control_msgs", "action", "GripperCommand", "gripper_action")
        self._client = ActionClient(side.node, self._kind, name)
        self._effort = effort

    def begin(self, width: float) -> Callable[[], None]:
        """Move to a width (m); return what cancels it, also before it was accepted."""
        goal = self._kind.Goal()
        goal.command.position = width / 2  # franka_gripper counts one finger
        goal.command.max_effort = self._effort
        cancelled = threading.Event()
        future = self._client.send_goal_async(goal)

        def accepted(done: Future) -> None:
            if cancelled.is_set() and done.result().accepted:
                done.result().cancel_goal_async()

        def cancel() -> None:
            cancelled.set()
            if future.done():
                accepted(future)

        future.add_done_callback(accepted)
        return cancel

    def close(self) -> None:
        """Give the client up."""
        self._client.destroy()


def _call(side: SideNode, kind: Any, name: str, request: Any) -> None:
    client = side.node.create_client(kind, name)
    try:
        if not client.wait_for_service(FOUND):
            raise StepFailed(f"no service {name}")
        answer = _result(client.call_async(request), ANSWERED, name)
        if not answer.ok:
            raise StepFailed(f"{name} refused")
    finally:
        side.call_soon(lambda: side.node.destroy_client(client))


def _act(side: SideNode, kind: Any, name: str, limit: float) -> None:
    client = ActionClient(side.node, kind, name)
    try:
        if not client.wait_for_server(FOUND):
            raise StepFailed(f"no action {name}")
        sent: Future = Future()
        ended: Future = Future()

        def follow(done: Future) -> None:
            sent.set_result(done.result())
            if done.result().accepted:
                done.result().get_result_async().add_done_callback(lambda r: ended.set_result(r.result()))

        side.call_soon(lambda: client.send_goal_async(kind.Goal()).add_done_callback(follow))
        if not _result(sent, ANSWERED, name).accepted:
            raise StepFailed(f"{name} refused the goal")
        if _result(ended, limit, name).status != GoalStatus.STATUS_SUCCEEDED:
            raise StepFailed(f"{name} did not succeed")
    finally:
        side.call_soon(client.destroy)


def _result(future: Future, limit: float, name: str) -> Any:
    done = threading.Event()
    future.add_done_callback(lambda _: done.set())
    if not done.wait(limit):
        raise StepFailed(f"{name} did not answer within {limit:g} s")
    return future.result()
