"""The calls of the recovery and of the gripper, as franka_ros2 and ros2_control name them."""

from __future__ import annotations

import threading
from typing import Any

from action_msgs.msg import GoalStatus
from lifecycle_msgs.msg import State
from rclpy.action import ActionClient
from rclpy.task import Future

from franka_node.recovery import Step, StepFailed
from franka_node.ros2_control.foreign import interface
from franka_node.ros2_control.options import Ros2ControlOptions
from franka_node.ros2_control.side_node import SideNode
from vip_ros.errors import UserError

# How long a server may take to be found, and to answer, s. An error recovery takes 0.7 to 7.3 s.
FOUND, ANSWERED, RECOVERED = 3.0, 5.0, 10.0
# controller_manager_msgs/SwitchController: all or nothing.
STRICT = 2


def controller_of(topic: str) -> str:
    """Return the controller that owns a topic, by the name that its manager lists: without namespaces."""
    return topic.strip("/").rpartition("/")[0].rpartition("/")[2]


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
        name = side.name_of(options.error_recovery)
        steps.append(Step("error recovery", lambda: _act(side, kind, name, RECOVERED)))
    if options.controller_manager:
        manager = _Manager(side, side.name_of(options.controller_manager))
        wanted = [controller, *options.broadcasters]
        steps += [
            Step("activating the hardware", lambda: manager.wake(options.hardware_component)),
            Step("activating the controllers", lambda: manager.switch_on(wanted)),
        ]
    return steps


class _Manager:
    """The services of a controller_manager that a recovery needs."""

    def __init__(self, side: SideNode, name: str) -> None:
        self._side, self._name = side, name
        self._wake, self._switch, self._list = (
            interface("controller_manager_msgs", "srv", kind, "controller_manager")
            for kind in ("SetHardwareComponentState", "SwitchController", "ListControllers")
        )

    def wake(self, hardware: str) -> None:
        """Bring a hardware component to active, where it may be already."""
        active = State(id=State.PRIMARY_STATE_ACTIVE, label="active")
        request = self._wake.Request(name=hardware, target_state=active)
        self._agree(self._wake, "set_hardware_component_state", request)

    def switch_on(self, wanted: list[str]) -> None:
        """Activate what is inactive among some controllers, of which the first must exist."""
        listed = self._ask(self._list, "list_controllers", self._list.Request()).controller
        states = {controller.name: controller.state for controller in listed}
        if wanted[0] not in states:
            raise UserError(
                f"there is no controller '{wanted[0]}'", "load it, or set command_topic", self._name
            )
        # A strict switch refuses what is active already.
        resting = [name for name in wanted if states.get(name) == "inactive"]
        if resting:
            request = self._switch.Request(activate_controllers=resting, strictness=STRICT)
            self._agree(self._switch, "switch_controller", request)

    def _agree(self, kind: Any, service: str, request: Any) -> None:
        if not self._ask(kind, service, request).ok:
            raise StepFailed(f"{self._name}/{service} refused")

    def _ask(self, kind: Any, service: str, request: Any) -> Any:
        return _call(self._side, kind, f"{self._name}/{service}", request)


def _call(side: SideNode, kind: Any, name: str, request: Any) -> Any:
    client = side.node.create_client(kind, name)
    try:
        if not client.wait_for_service(FOUND):
            raise StepFailed(f"no service {name}")
        return _result(client.call_async(request), ANSWERED, name)
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
