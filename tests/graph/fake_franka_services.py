"""Stand-ins for franka_ros2's nodes beside the controllers.

Names, types and answers are those of the real ones; what they are asked is told on /fake/calls.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from control_msgs.action import GripperCommand
from controller_manager_msgs.msg import ControllerState
from controller_manager_msgs.srv import ListControllers, SetHardwareComponentState, SwitchController
from franka_msgs.action import ErrorRecovery
from lifecycle_msgs.msg import State
from rclpy.action import ActionServer, CancelResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from std_srvs.srv import SetBool, Trigger

if TYPE_CHECKING:
    from graph.fake_franka_ros2 import FakeFrankaRos2

BROADCASTER = "joint_state_broadcaster"
OBJECT = 0.03  # m, how thick the object between the fingers is
SPEED = 0.1  # m/s
WIDEST = 0.0795  # m, found by homing
LIMIT = 60.0  # s
FEEDBACK = 1 / 30  # s, as often as the real one looks for a cancellation


class FakeControllerManager(Node):
    """Hardware and controllers that a reflex has switched off, until they are switched on again."""

    def __init__(self, robot: FakeFrankaRos2, controller: str) -> None:
        super().__init__("controller_manager", use_global_arguments=False)
        self.robot, self.hardware = robot, True
        self.states = {BROADCASTER: "active", controller: "active", "gravity_compensation": "inactive"}
        self.create_service(ListControllers, "~/list_controllers", self._on_list)
        self.create_service(SetHardwareComponentState, "~/set_hardware_component_state", self._on_hardware)
        self.create_service(SwitchController, "~/switch_controller", self._on_switch)
        self.create_service(Trigger, "/fake/reflex", self._on_reflex)
        self.create_service(SetBool, "/fake/stubborn", self._on_stubborn)

    def _on_reflex(self, _: Any, response: Any) -> Any:
        self.robot.in_reflex, self.robot.powered = True, False
        for name, state in self.states.items():
            self.states[name] = "inactive" if state == "active" else state
        response.success = True
        return response

    def _on_stubborn(self, request: Any, response: Any) -> Any:
        self.robot.stubborn = request.data
        response.success = True
        return response

    def _on_list(self, _: Any, response: Any) -> Any:
        response.controller = [ControllerState(name=n, state=s) for n, s in self.states.items()]
        return response

    def _on_hardware(self, request: Any, response: Any) -> Any:
        self.robot.tell(f"hardware {request.name} {request.target_state.label}")
        known = (
            request.name == "FrankaHardwareInterface"
            and request.target_state.id == State.PRIMARY_STATE_ACTIVE
        )
        response.ok = known and not self.robot.in_reflex
        self.hardware = response.ok
        return response

    def _on_switch(self, request: Any, response: Any) -> Any:
        wanted = list(request.activate_controllers)
        self.robot.tell(f"activate {','.join(wanted)}")
        # With the strictness that is asked for, one that is active already spoils it all.
        response.ok = self.hardware and all(self.states.get(name) == "inactive" for name in wanted)
        if response.ok:
            self.states.update(dict.fromkeys(wanted, "active"))
        self.robot.powered = set(self.states) - {"gravity_compensation"} <= {
            name for name, state in self.states.items() if state == "active"
        }
        return response


class FakeActionServer(Node):
    """The error recovery."""

    def __init__(self, robot: FakeFrankaRos2) -> None:
        super().__init__("action_server", use_global_arguments=False)
        self.robot = robot
        self._server = ActionServer(self, ErrorRecovery, "~/error_recovery", self._recover)

    def _recover(self, goal: Any) -> Any:
        self.robot.tell("error_recovery")
        if self.robot.stubborn:
            goal.abort()
        else:
            self.robot.in_reflex = False
            goal.succeed()
        return ErrorRecovery.Result()


class FakeGripper(Node):
    """A hand that takes its time, and cannot close beyond what lies between its fingers."""

    def __init__(self, robot: FakeFrankaRos2) -> None:
        super().__init__("franka_gripper", use_global_arguments=False)
        self.robot, self._moving = robot, False
        group = ReentrantCallbackGroup()
        self._server = ActionServer(
            self,
            GripperCommand,
            "~/gripper_action",
            self._move,
            callback_group=group,
            cancel_callback=lambda goal: CancelResponse.ACCEPT,
        )

    def _move(self, goal: Any) -> Any:
        target = 2 * goal.request.command.position
        self.robot.tell(f"gripper {target:.3f} {goal.request.command.max_effort:.0f}")
        if self._moving:
            self.robot.tell("gripper stopped in a motion that had just begun")
        self._moving = True
        try:
            return self._carry_out(goal, target)
        finally:
            self._moving = False

    def _carry_out(self, goal: Any, target: float) -> Any:
        if target > WIDEST:
            goal.abort()
            return GripperCommand.Result()
        closing = target < self.robot.width
        reached = max(target, OBJECT) if closing else target
        jammed = self.robot.stubborn and not closing
        # Its openings last until they are cancelled, however busy the machine is.
        duration = 0.0 if jammed else (self.robot.width - reached) / SPEED if closing else LIMIT
        end = time.monotonic() + duration
        while time.monotonic() < end and not goal.is_cancel_requested:
            time.sleep(FEEDBACK)
        if goal.is_cancel_requested:
            self.robot.tell(f"gripper cancelled {target:.3f}")
            goal.canceled()
            return GripperCommand.Result(position=self.robot.width / 2)
        if not jammed:
            self.robot.width = reached
        result = GripperCommand.Result(
            position=self.robot.width / 2, reached_goal=reached == target and not jammed
        )
        if result.reached_goal:
            goal.succeed()
        else:
            goal.abort()
        self.robot.tell(f"gripper at {self.robot.width:.3f}")
        return result
