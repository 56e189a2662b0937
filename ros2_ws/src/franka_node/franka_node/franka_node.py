"""franka_node: action chunks in, guarded joint commands to the robot, its state out."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from sensor_msgs.msg import CameraInfo, JointState
from std_msgs.msg import Float32
from std_srvs.srv import Trigger
from vip_interfaces.msg import Embedding, GuardState, JointActionChunk, SimState
from vip_interfaces.srv import ResetScene

from franka_node import messages, statuses
from franka_node.control_loop import ControlLoop
from franka_node.drivers import DRIVERS, Driver, RobotState, SceneDriver
from franka_node.franka_config import FrankaConfig
from franka_node.guard import Guard
from franka_node.guard_output import GuardOutput, Mode
from franka_node.limits import LIMITS
from franka_node.robot_lock import RobotLock
from franka_node.robot_model import RobotModel
from vip_ros import stamps
from vip_ros.errors import UserError
from vip_ros.node import StackNode, run_node
from vip_ros.qos import LATCHED, RELIABLE_1, RELIABLE_10, SENSOR
from vip_ros.streams import StreamStats

COMMANDS = "franka/joint_command"
# Rates at which others are told, however fast the loop runs, Hz.
STATE_RATE, SCENE_RATE, GUARD_RATE = 100.0, 50.0, 2.0
# How long a new connection may take to give its first joint state, s.
FIRST_STATE = 2.0


class FrankaNode(StackNode):
    """Holds the robot through the guard: configured it publishes the state, active it takes chunks.

    The guard lives on the system clock, because a simulated one that pauses would put its watchdogs to sleep.
    """

    config_class = FrankaConfig

    def __init__(self, name: str = "franka_node", **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self._driver: Driver | None = None
        self._loop: ControlLoop | None = None
        self._lock: RobotLock | None = None
        self._entities: list[Callable[[], Any]] = []
        self._states = StreamStats("joint_states")
        self._commands = StreamStats("image to command")
        self._told: tuple[Any, ...] = ()
        self._due = {"state": 0.0, "scene": 0.0, "guard": 0.0}

    def setup(self) -> None:
        """Connect to the robot and begin to publish its state."""
        config: FrankaConfig = self.config
        self._lock = RobotLock(self.context.get_domain_id(), self.resolve_topic_name(COMMANDS))
        driver = self._driver = DRIVERS.get(config.driver)(config)  # type: ignore[call-arg]
        limits = LIMITS.get(config.robot or driver.robot)
        self._joints = [*limits.joint_names, *driver.finger_names]
        self._guard = Guard(limits, config, 1.0 / config.rate, driver.coasting)
        self._states.reset()
        self._commands.reset()
        driver.attach(self)
        driver.connect()
        self._make_publishers()
        self._loop = ControlLoop(driver, self._guard, config.rate, self._on_cycle)
        self._loop.start()
        if config.description and not driver.brings_description:
            model = RobotModel(self, limits, driver.finger_names, self._newest)
            self._entities.append(model.close)
        self._make_services(driver)
        self._make_subscriptions(config)
        self.diagnostics.add("guard", lambda: statuses.guard(self._guard))
        self.diagnostics.add("control loop", lambda: statuses.control_loop(self._loop))
        self.diagnostics.add_stream(self._states)
        self.diagnostics.add_stream(self._commands)

    def start(self) -> None:
        """Hold the measured posture, ready for chunks; raises UserError without a fresh joint state."""
        assert self._loop is not None  # made by setup
        self._loop.activate(self._fresh_state().q)
        if self._guard.fault:
            self.get_logger().warning(f"still in fault {self._guard.fault}: call ~/reset")

    def stop(self) -> None:
        """Come to rest inside the limits, then command no more and give the robot its control back."""
        if self._loop is not None and not self._loop.settle():
            raise UserError("the arm did not come to rest in time", "see the driver's messages")

    def teardown(self) -> None:
        """Let go of the robot."""
        if self._loop is not None:
            self._loop.stop()
            self._loop = None
        if self._driver is not None:
            self._driver.close()
            self._driver = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None
        for name in ("guard", "control loop", self._states.name, self._commands.name):
            self.diagnostics.remove(name)
        for destroy in self._entities:
            destroy()
        self._entities.clear()

    def _newest(self) -> RobotState | None:
        return None if self._loop is None else self._loop.state

    def _fresh_state(self) -> RobotState:
        assert self._loop is not None  # made by setup
        end = time.monotonic() + FIRST_STATE
        while self._loop.state is None and time.monotonic() < end:
            time.sleep(0.01)
        state = self._loop.state
        if state is None or (time.time_ns() - state.stamp_ns) * 1e-9 > self.config.joint_state_timeout:
            why = self._loop.error or "the robot does not send its state"
            raise UserError("no fresh joint state", why, self.get_name())
        return state

    def _make_publishers(self) -> None:
        def publisher(kind: Any, topic: str, qos: Any) -> Any:
            made = self.create_publisher(kind, topic, qos)
            self._entities.append(lambda: self.destroy_publisher(made))
            return made

        self._state_out = publisher(JointState, "joint_states", SENSOR)
        self._command_out = publisher(JointState, COMMANDS, RELIABLE_10)
        self._latency_out = publisher(Float32, "franka/command_latency", RELIABLE_10)
        self._guard_out = publisher(GuardState, "franka/guard_state", LATCHED)
        self._scene_out = publisher(SimState, "sim/state", SENSOR) if self._scenes() else None

    def _make_services(self, driver: Driver) -> None:
        def service(kind: Any, name: str, callback: Any) -> None:
            made = self.create_service(kind, name, callback)
            self._entities.append(lambda: self.destroy_service(made))

        service(Trigger, "~/reset", self._on_reset)
        service(Trigger, "~/stop", self._on_stop)
        service(Trigger, "~/home", self._on_home)
        service(Trigger, "~/hand_back", self._on_hand_back)
        if isinstance(driver, SceneDriver):
            service(ResetScene, "~/reset_scene", self._on_reset_scene)

    def _make_subscriptions(self, config: FrankaConfig) -> None:
        def subscription(kind: Any, topic: str, callback: Any, qos: Any) -> None:
            made = self.create_subscription(kind, topic, callback, qos)
            self._entities.append(lambda: self.destroy_subscription(made))

        def feed(stream: str) -> Callable[[Any], None]:
            return lambda m: self._guard.note_input(stream, stamps.to_ns(m.header.stamp), time.time_ns())

        subscription(CameraInfo, config.image_topic, feed("image"), SENSOR)
        subscription(Embedding, "vip/embedding", feed("embedding"), SENSOR)
        subscription(JointActionChunk, "policy/action", self._on_chunk, RELIABLE_1)

    def _scenes(self) -> SceneDriver | None:
        return self._driver if isinstance(self._driver, SceneDriver) else None

    def _on_chunk(self, message: JointActionChunk, info: dict[str, Any]) -> None:
        reason = self._guard.submit(messages.to_chunk(message, info), time.time_ns())
        if reason:
            self.get_logger().warning(f"chunk rejected: {reason}", throttle_duration_sec=1.0)

    def _on_cycle(self, now_ns: int, state: RobotState, output: GuardOutput) -> None:
        """Tell others what was read and commanded; called in the control loop's thread."""
        if self._is_due("state", STATE_RATE):
            self._state_out.publish(messages.joint_state(self._joints, state))
            self._states.tick(state.stamp_ns, now_ns)
            if output.q_command is not None:
                stamp_ns = now_ns if output.source_stamp_ns is None else output.source_stamp_ns
                command = messages.joint_command(self._joints, stamp_ns, output.q_command, output)
                self._command_out.publish(command)
        if output.latency is not None and output.source_stamp_ns is not None:
            self._commands.tick(output.source_stamp_ns, now_ns)
            self._latency_out.publish(Float32(data=output.latency))
        scenes = self._scenes()
        if scenes is not None and self._scene_out is not None and self._is_due("scene", SCENE_RATE):
            self._scene_out.publish(messages.sim_state(scenes.scene()))
        guard = self._guard
        telling = (guard.mode, guard.fault, guard.source, guard.admission.rejected)
        if telling != self._told or self._is_due("guard", GUARD_RATE):
            if guard.fault and telling[:2] != self._told[:2]:
                self.get_logger().error(f"{guard.mode.name}: fault {guard.fault}: {guard.fault_detail}")
            self._told = telling
            self._guard_out.publish(messages.guard_state(guard, now_ns))

    def _is_due(self, what: str, rate: float) -> bool:
        if rate >= self.config.rate:
            return True
        now = time.monotonic()
        # Half a control period early is on time: the beat of the loop is what there is.
        if now < self._due[what] - 0.5 / self.config.rate:
            return False
        self._due[what] = max(self._due[what] + 1.0 / rate, now - 0.5 / rate)
        return True

    def _on_reset(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        assert self._loop is not None  # the service lives as long as the loop
        try:
            refusal = self._loop.reset()
        except UserError as error:
            refusal = str(error)
        return _answer(response, refusal, "holding" if self._guard.mode == Mode.HOLD else "reset")

    def _on_stop(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._guard.stop()
        return _answer(response, "", "stopping; call ~/reset to go on")

    def _on_home(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        return _answer(response, self._guard.home(), "moving home; franka/guard_state tells when it holds")

    def _on_hand_back(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        return _answer(response, self._guard.hand_back(), "programs may drive again")

    def _on_reset_scene(self, request: ResetScene.Request, response: Any) -> Any:
        scenes = self._scenes()
        assert self._loop is not None and scenes is not None  # the service lives as long as they do
        try:
            self._loop.replace(lambda: scenes.reset_scene(request.task, int(request.seed)))
        except UserError as error:
            return _answer(response, str(error), "")
        return _answer(response, "", "new scene")


def _answer(response: Any, refusal: str, message: str) -> Any:
    response.success, response.message = not refusal, refusal or message
    return response


def main(args: list[str] | None = None) -> int:
    """Run franka_node until it is stopped."""
    return run_node(FrankaNode, args)


if __name__ == "__main__":
    sys.exit(main())
