"""The node that runs a policy bundle: embeddings and joint states in, action chunks out."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.task import Future
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from vip_interfaces.action import RunPolicy
from vip_interfaces.msg import Embedding, GuardState, JointActionChunk, Reward

from policy_node.bundle import load_bundle
from policy_node.chunks import ActionChunk
from policy_node.messages import PERSON, chunk_message
from policy_node.observation import Observer
from policy_node.policy import Policy, RateLimiter
from policy_node.policy_node_config import PolicyNodeConfig
from policy_node.runs import CANCELED, FAULT, REACHED, Ending, Run
from vip_ros import diagnostics, qos
from vip_ros.diagnostics import Status
from vip_ros.errors import UserError
from vip_ros.node import StackNode, run_node
from vip_ros.stamps import to_ns
from vip_ros.streams import StreamStats

_COAST = 0.2  # s, how far ahead of now the last chunk's motion goes on before it rests: for a smooth stop
_WATCH_PERIOD = 0.05  # s


class PolicyNode(StackNode):
    """Sends chunks while a run is on; a run is begun by the action run_policy or the service start."""

    config_class = PolicyNodeConfig

    def __init__(self) -> None:
        super().__init__("policy_node")
        self._run: Run | None = None
        self._done = Future()
        self._goal_handle: Any = None
        self._fault = ""
        self._person = False
        self._sent: tuple[int, ActionChunk] | None = None
        self._actions = StreamStats("action")
        self._entities: list[tuple[Any, Any]] = []

    def setup(self) -> None:
        """Load the bundle, subscribe and offer the services."""
        if not self.config.bundle:
            raise UserError("no policy", "set policy_node.bundle to a folder made by 'vip train'")
        self._policy = Policy(load_bundle(Path(self.config.bundle)))
        self._policy.warm_up()
        self._observer = Observer(self._policy.config, self.config.max_age)
        self._limiter = RateLimiter(self._policy.config.rate)
        self._publisher = self.create_publisher(JointActionChunk, "policy/action", qos.RELIABLE_1)
        self._entities.append((self.destroy_publisher, self._publisher))
        self._subscribe()
        self._serve()
        for stats in (self._observer.embeddings, self._observer.joint_states, self._actions):
            self.diagnostics.add_stream(stats)
        self.diagnostics.add("policy", self._status)

    def start(self) -> None:
        """Succeed once both inputs are fresh and fit the policy."""
        self._observer.check_ready(self.now_ns())

    def stop(self) -> None:
        """End the run in progress; no more chunks."""
        self._finish(Ending(CANCELED, "policy_node was deactivated"))

    def teardown(self) -> None:
        """Let go of topics and services."""
        while self._entities:
            destroy, entity = self._entities.pop()
            destroy(entity)
        for name in ("embedding", "joint_states", "action", "policy"):
            self.diagnostics.remove(name)

    def _subscribe(self) -> None:
        inputs: tuple[tuple[Any, str, Any, Any], ...] = (
            (JointState, "joint_states", self._on_joint_state, qos.SENSOR),
            (Embedding, "vip/embedding", self._on_embedding, qos.SENSOR),
            (Reward, "vip/reward", self._on_reward, qos.RELIABLE_10),
            (GuardState, "franka/guard_state", self._on_guard_state, qos.LATCHED),
        )
        for kind, topic, callback, profile in inputs:
            subscription = self.create_subscription(kind, topic, callback, profile)
            self._entities.append((self.destroy_subscription, subscription))

    def _serve(self) -> None:
        server = ActionServer(
            self,
            RunPolicy,
            "~/run_policy",
            execute_callback=self._execute,
            goal_callback=self._on_goal,
            handle_accepted_callback=self._on_accepted,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )
        self._entities.append((ActionServer.destroy, server))
        for name, callback in (("~/start", self._on_start), ("~/stop", self._on_stop)):
            self._entities.append((self.destroy_service, self.create_service(Trigger, name, callback)))
        self._entities.append((self.destroy_timer, self.create_timer(_WATCH_PERIOD, self._watch)))

    def _begin(self, timeout: float) -> Run:
        """Begin a run; raises UserError when none may begin."""
        if self.state != "active":
            raise UserError(f"policy_node is {self.state}", "activate it first")
        if self._run is not None:
            raise UserError("a run is in progress", "stop it first")
        if self._fault:
            raise UserError(f"the guard is in fault '{self._fault}'", "mend the cause, then reset the guard")
        if self._person:
            raise UserError("a person drives the arm", "hand it back: franka_node/hand_back")
        self._observer.check_fresh(now_ns := self.now_ns())
        self._limiter.reset()
        self._policy.reset()
        self._run = Run(now_ns, timeout if timeout > 0 else self.config.timeout, self.config.reached_hold)
        self._done = Future()
        self.get_logger().info(f"run begins, at most {self._run.timeout:g} s")
        return self._run

    def _finish(self, ending: Ending) -> None:
        run, self._run = self._run, None
        if run is None:
            return
        self._send_final()
        if helped := run.person_time(self.now_ns()):
            ending = Ending(ending.outcome, f"{ending.message}; a person had the arm for {helped:.1f} s")
        self.get_logger().info(f"run ends: {ending.outcome} ({ending.message}), {run.chunks} chunks")
        self._done.set_result(ending)

    def _on_goal(self, request: RunPolicy.Goal) -> GoalResponse:
        try:
            self._begin(float(request.timeout))
        except UserError as error:
            self.get_logger().warning(f"run refused: {error}")
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    def _on_accepted(self, goal_handle: Any) -> None:
        assert self._run is not None  # begun by _on_goal in the same step
        # Bound now: this run may have ended, and another begun, before the executor comes to it.
        goal_handle.execute(partial(self._execute, run=self._run, done=self._done))

    async def _execute(self, goal_handle: Any, run: Run, done: Future) -> RunPolicy.Result:
        self._goal_handle = goal_handle
        ending: Ending = await done
        self._goal_handle = None
        if goal_handle.is_cancel_requested:
            goal_handle.canceled()
        elif ending.outcome == REACHED:
            goal_handle.succeed()
        else:
            goal_handle.abort()
        result = RunPolicy.Result(outcome=ending.outcome, message=ending.message, chunks=run.chunks)
        result.duration = run.elapsed(self.now_ns())
        return result

    def _on_start(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        try:
            run = self._begin(0.0)
            response.success, response.message = True, f"running for at most {run.timeout:g} s"
        except UserError as error:
            response.success, response.message = False, str(error)
        return response

    def _on_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = self._run is not None
        response.message = "stopped" if response.success else "no run is in progress"
        self._finish(Ending(CANCELED, "stopped by service"))
        return response

    def _watch(self) -> None:
        run, handle = self._run, self._goal_handle
        if run is None:
            return
        if handle is not None and handle.is_cancel_requested:
            self._finish(Ending(CANCELED, "canceled by the caller"))
        elif ending := run.check_time(self.now_ns()):
            self._finish(ending)

    def _on_joint_state(self, message: JointState, info: dict[str, Any]) -> None:
        stamp_ns, number = to_ns(message.header.stamp), info.get("publication_sequence_number")
        self._observer.note_joint_state(stamp_ns, message.name, message.position, self.now_ns(), number)

    def _on_embedding(self, message: Embedding) -> None:
        stamp_ns = to_ns(message.header.stamp)
        seen = self._observer.note_embedding(stamp_ns, message.encoder, message.data, self.now_ns())
        if seen is None or self._run is None or not self._limiter.passes(stamp_ns):
            return
        self._sent = (stamp_ns, self._policy.act(seen.embedding, seen.q, stamp_ns * 1e-9))
        self._send(*self._sent)
        self._run.chunks += 1

    def _on_reward(self, message: Reward) -> None:
        run = self._run
        if run is None or message.encoder != self._policy.config.encoder:
            return
        reached = self.config.stop_when_reached and message.reached
        stamp_ns = to_ns(message.header.stamp)
        ending = run.note_reward(stamp_ns, float(message.distance), float(message.progress), reached)
        if self._goal_handle is not None:
            elapsed = run.elapsed(self.now_ns())
            self._goal_handle.publish_feedback(
                RunPolicy.Feedback(distance=run.distance, progress=run.progress, elapsed=elapsed)
            )
        if ending is not None:
            self._finish(ending)

    def _on_guard_state(self, message: GuardState) -> None:
        self._fault = message.fault or ("unknown" if message.mode == GuardState.FAULT else "")
        self._person = message.source == PERSON
        if self._run is not None:
            self._run.note_driver(self._person, self.now_ns())
        if self._fault:
            self._finish(Ending(FAULT, f"{self._fault}: {message.fault_detail}"))

    def _send(self, stamp_ns: int, chunk: ActionChunk, final: bool = False) -> None:
        self._publisher.publish(chunk_message(chunk, self._policy.config.joints, stamp_ns, final))
        self._actions.tick(stamp_ns, self.now_ns())

    def _send_final(self) -> None:
        if self._sent is None:
            return
        stamp_ns, chunk = self._sent
        self._sent = None
        # The guard takes only newer stamps; 1 ns does not move the points.
        self._send(stamp_ns + 1, chunk.resting((self.now_ns() - stamp_ns) * 1e-9 + _COAST), final=True)

    def _status(self) -> Status:
        observer, running = self._observer, self._run is not None
        values = {"running": running, "invalid": observer.invalid, "last_invalid": observer.last_invalid}
        if observer.invalid:
            text = f"{observer.invalid} invalid inputs, the last: {observer.last_invalid}"
            return Status(diagnostics.WARN, text, values)
        return Status(diagnostics.OK, "running" if running else "ready", values)


def main() -> int:
    """Run the node as a process."""
    return run_node(PolicyNode)


if __name__ == "__main__":
    sys.exit(main())
