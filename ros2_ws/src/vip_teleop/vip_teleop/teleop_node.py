"""teleop_node: a device's intents in, action chunks for the guard out."""

from __future__ import annotations

import array
import dataclasses
import signal
import sys
from collections.abc import Callable
from typing import Any

from std_srvs.srv import Trigger
from vip_interfaces.msg import JointActionChunk, TeleopState

from franka_node.arbiter import PERSON
from franka_node.limits import RobotLimits
from vip_ros.diagnostics import OK, Status
from vip_ros.errors import UserError
from vip_ros.node import StackNode, run_node
from vip_ros.qos import LATCHED, RELIABLE_1
from vip_ros.stamps import from_ns
from vip_ros.streams import StreamStats
from vip_teleop.chunks import STEP, DriveChunk
from vip_teleop.devices import DEVICES, Device
from vip_teleop.driving import STALE, Driving
from vip_teleop.errands import Errands
from vip_teleop.intent import QUIT, View
from vip_teleop.robot_ear import RobotEar
from vip_teleop.teleop_config import TeleopConfig

# Kept from the position limits, as the guard does by default, rad.
MARGIN = 0.012
_STATE_RATE = 2.0  # Hz
# How long an answer to a button is shown, s.
_SHOWN = 4.0


class TeleopNode(StackNode):
    """Configured it holds the device; active it lets the device drive.

    Attributes:
        presses: buttons pressed elsewhere than on the device, taken with its next intent.
    """

    config_class = TeleopConfig
    config: TeleopConfig

    def __init__(self, name: str = "teleop_node", **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.device: Device | None = None
        self.driving: Driving | None = None
        self.ear: RobotEar | None = None
        self.errands: Errands | None = None
        self._timer: Any = None
        self._limits: RobotLimits | None = None
        self._chunks = StreamStats("teleop action")
        self._entities: list[Callable[[], Any]] = []
        self._told: tuple[Any, ...] = ()
        self._told_at = self._answer_until = 0.0
        self._answer = ""
        self.presses: list[str] = []

    def setup(self) -> None:
        """Open the device and listen to the robot."""
        config = self.config
        if not config.device:
            raise UserError("no device", f"set teleop_node.device to one of {', '.join(DEVICES.names())}")
        self.device = DEVICES.get(config.device)(config)
        self._chunk_out = self.create_publisher(JointActionChunk, "policy/action", RELIABLE_1)
        self._state_out = self.create_publisher(TeleopState, "vip/teleop_state", LATCHED)
        self._entities = [
            lambda: self.destroy_publisher(self._chunk_out),
            lambda: self.destroy_publisher(self._state_out),
        ]
        self.ear = RobotEar(self)
        self.errands = Errands(self, self.say)
        self.device.attach(self)
        self.device.open()
        for name, engage in (("~/engage", True), ("~/release", False)):
            service = self.create_service(Trigger, name, self._switcher(engage))
            self._entities.append(lambda service=service: self.destroy_service(service))  # type: ignore[misc]
        self.diagnostics.add("teleop", self._status)
        self.diagnostics.add_stream(self._chunks)

    def start(self) -> None:
        """Begin to look at the device; raises UserError without a fresh joint state or beside a rival."""
        assert self.ear is not None and self.device is not None  # made by setup
        if self.count_publishers("vip/teleop_state") > 1:
            raise UserError("another teleop_node is on this graph", "one person drives: end the other one")
        self._limits = self.ear.limits(self.config.robot).stricter(margin=MARGIN)
        if self.ear.view(self._limits).q_age > STALE:
            raise UserError("no fresh joint state", "is franka_node up? see its log")
        driving = Driving(self.config, self._limits, self.device.joints, self.device.commanding)
        # What was pressed before now was not meant for the arm: everybody engages anew. It comes last, as
        # loading the kinematics takes a while.
        held_by_hand = self.device.switch(False)
        self.device.forget()
        self.presses.clear()
        if held_by_hand and self.device.read(self.view()).engaged:
            driving.await_release()
        self.driving = driving
        self._timer = self.create_timer(1.0 / self.config.rate, self._step)

    def stop(self) -> None:
        """Let go of the arm: it comes to rest."""
        if self._timer is not None:
            self.destroy_timer(self._timer)
            self._timer = None
        if self.driving is not None:
            self._send(self.driving.let_go())
            self.tell(force=True)
            self.driving = None
        if self.device is not None:
            self.device.switch(False)

    def teardown(self) -> None:
        """Let go of the device."""
        if self.device is not None:
            self.device.close()
            self.device = None
        if self.errands is not None:
            self.errands.close()
            self.errands = None
        if self.ear is not None:
            self.ear.close()
            self.ear = None
        for name in ("teleop", self._chunks.name):
            self.diagnostics.remove(name)
        while self._entities:
            self._entities.pop()()

    @property
    def message(self) -> str:
        """One line for the person who drives."""
        if self._answer and self.now_ns() * 1e-9 < self._answer_until:
            return self._answer
        return self.driving.message if self.driving is not None else self.last_error or self.state

    @property
    def inactive(self) -> str:
        """What is answered to whoever asks something of a node that is not active."""
        return f"{self.get_name()} is {self.state}: activate it first"

    def view(self) -> View:
        """Return what is known of the robot now."""
        assert self.ear is not None  # made by setup
        return self.ear.view(self._limits)

    def tell(self, force: bool = False) -> None:
        """Publish the state where it changed, and now and then."""
        driving = self.driving
        if driving is None:
            return
        settings, now = driving.settings, self.now_ns() * 1e-9
        frame = "joint" if self.device is not None and self.device.joints else settings.frame
        telling = (driving.engaged, frame, settings.linear, settings.angular, settings.width, self.message)
        if not force and telling == self._told and now < self._told_at + 1.0 / _STATE_RATE:
            return
        self._told, self._told_at = telling, now
        state = TeleopState(device=self.config.device, engaged=driving.engaged, frame=frame)
        state.header.stamp = from_ns(self.now_ns())
        state.linear_speed, state.angular_speed = settings.linear, settings.angular
        state.gripper = float("nan") if settings.width is None else settings.width
        state.message = self.message
        self._state_out.publish(state)

    def _step(self) -> None:
        assert self.device is not None and self.driving is not None  # the timer lives as long as they do
        view = self.view()
        try:
            intent = self.device.read(view)
        except UserError as error:
            self._send(self.driving.let_go())
            self.fatal = error
            self.report(error)
            return
        intent = dataclasses.replace(intent, buttons=(*intent.buttons, *self.presses))
        self.presses.clear()
        for button in intent.buttons:
            if button == QUIT:
                signal.raise_signal(signal.SIGINT)  # the end that Ctrl-C brings, in good order
            assert self.errands is not None  # made by setup
            self.errands.run(button)
        self._send(self.driving.step(intent, view))
        self.tell()

    def _send(self, chunk: DriveChunk | None) -> None:
        if chunk is None or self._limits is None:
            return
        stamp_ns = self.now_ns()
        rows = chunk.positions
        message = JointActionChunk(
            source=PERSON, joint_names=list(self._limits.joint_names), final=chunk.final
        )
        message.header.stamp = from_ns(stamp_ns)
        message.step_duration, message.horizon = STEP, len(rows)
        message.positions = array.array("d", rows.ravel())
        message.gripper = array.array("d", [] if chunk.width is None else [chunk.width] * len(rows))
        self._chunk_out.publish(message)
        self._chunks.tick(stamp_ns, self.now_ns())

    def _switcher(self, engage: bool) -> Callable[[Trigger.Request, Trigger.Response], Trigger.Response]:
        def answer(_: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
            refusal = self.switch(engage)
            response.success, response.message = not refusal, refusal or ("engaged" if engage else "released")
            return response

        return answer

    def switch(self, engage: bool) -> str:
        """Engage or release the device; return why not, or an empty string."""
        if self.driving is None or self.device is None:
            return self.inactive
        refusal = self.device.switch(engage)
        if not engage and not refusal:
            self.driving.released()
        return refusal

    def say(self, text: str) -> None:
        """Show one line to the person for a while."""
        self._answer, self._answer_until = text, self.now_ns() * 1e-9 + _SHOWN
        self.get_logger().info(text)

    def _status(self) -> Status:
        driving = self.driving
        values = {"device": self.config.device, "engaged": driving is not None and driving.engaged}
        return Status(OK, self.message, values)


def main(args: list[str] | None = None) -> int:
    """Run teleop_node until it is stopped."""
    return run_node(TeleopNode, args)


if __name__ == "__main__":
    sys.exit(main())
