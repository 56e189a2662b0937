"""Closed-loop episodes through the live ROS graph, judged by the simulator's state.

The evaluator is a client of the running stack, as a person's script would be: it resets the scene, starts
the policy through its action and watches topics. It takes no part in control.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from action_msgs.msg import GoalStatus
from diagnostic_msgs.msg import DiagnosticArray
from numpy.typing import NDArray
from rclpy.action import ActionClient
from sensor_msgs.msg import Image, JointState
from std_srvs.srv import Trigger
from vip_interfaces.action import RunPolicy
from vip_interfaces.msg import GuardState, Reward, SimState
from vip_interfaces.srv import ResetScene

from vip_bringup.demo.report import EpisodeTrace
from vip_bringup.graph_client import SERVICE_LIMIT, GraphClient
from vip_ros import qos
from vip_ros.errors import UserError
from vip_ros.images import to_rgb
from vip_ros.stamps import to_ns

FrameSink = Callable[[NDArray[np.uint8], EpisodeTrace], None]

START_LIMIT = 10.0
"""s for which the policy may refuse to run, as it does while a busy machine's embeddings come too slowly."""

SUCCESS_HOLD = 0.3
"""s the success predicate must hold before an episode counts as solved."""


class LiveEvaluator(GraphClient):
    """Runs evaluation episodes on a stack that is already active.

    Args:
        frame_sink: called with every camera picture of a running episode and the trace so far.
    """

    def __init__(self, frame_sink: FrameSink | None = None) -> None:
        super().__init__("live_evaluator")
        self._sink = frame_sink
        self._lock = threading.Lock()
        self._trace: EpisodeTrace | None = None
        self._first_stamp = 0
        self._last_command_stamp = 0
        self._success_since: float | None = None
        self._fault = ""
        self._mode = GuardState.INACTIVE
        self._scene_seed: int | None = None
        self._scene_stamp = 0
        self._reward_stamp = 0
        self._drops: int | None = None
        self._drops_before = 0
        self._solved = threading.Event()
        self.create_subscription(Image, "camera/image_raw", self._on_image, qos.SENSOR)
        self.create_subscription(Reward, "vip/reward", self._on_reward, qos.RELIABLE_10)
        self.create_subscription(JointState, "franka/joint_command", self._on_command, qos.RELIABLE_10)
        self.create_subscription(GuardState, "franka/guard_state", self._on_guard, qos.LATCHED)
        self.create_subscription(SimState, "sim/state", self._on_sim, qos.SENSOR)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, qos.RELIABLE_10)
        self._run = ActionClient(self, RunPolicy, "policy_node/run_policy")
        self._reset_scene = self.create_client(ResetScene, "franka_node/reset_scene")
        self._reset_guard = self.create_client(Trigger, "franka_node/reset")
        self._reset_reward = self.create_client(Trigger, "reward_node/reset_episode")
        self.begin()

    def episode(self, task: str, seed: int, timeout: float) -> EpisodeTrace:
        """Run one episode and return what happened.

        Args:
            task: the simulator's task name.
            seed: scene seed; never one of the demonstrations'.
            timeout: s until the episode counts as failed.

        Raises:
            UserError: a part of the stack does not answer.
        """
        self._prepare(task, seed)
        trace = EpisodeTrace(seed=seed)
        with self._lock:
            self._trace, self._success_since, self._fault = trace, None, ""
            self._first_stamp = self._last_command_stamp = 0
        self._solved.clear()
        begin = time.monotonic()
        handle = self._start(timeout)
        if handle is None:
            return self._close_trace(trace, begin, "refused")
        done = threading.Event()
        result_future = handle.get_result_async()
        result_future.add_done_callback(lambda _: done.set())
        while not done.wait(0.02) and not self._solved.is_set():
            if time.monotonic() - begin > timeout + SERVICE_LIMIT:
                raise UserError("policy_node neither finished nor timed out", "see its log")
        if not done.is_set():
            self.result_of(handle.cancel_goal_async(), "policy_node/run_policy cancel")
        result = self.result_of(result_future, "policy_node/run_policy result")
        return self._close_trace(trace, begin, result)

    @property
    def dropped_frames(self) -> int:
        """Pictures that reward_node dropped since the first episode began."""
        return (self._drops or 0) - self._drops_before

    def _start(self, timeout: float) -> Any:
        """Return the handle of an accepted run; None when the policy refuses for START_LIMIT seconds."""
        end = time.monotonic() + START_LIMIT
        while time.monotonic() < end:
            future = self._run.send_goal_async(RunPolicy.Goal(timeout=timeout))
            handle = self.result_of(future, "policy_node/run_policy")
            if handle.accepted:
                return handle
            self._solved.wait(0.5)
        return None

    def _close_trace(self, trace: EpisodeTrace, begin: float, result: Any) -> EpisodeTrace:
        trace.duration = round(time.monotonic() - begin, 3)
        with self._lock:
            trace.success = self._solved.is_set()
            trace.outcome = self._outcome(trace.success, result)
            self._trace = None
        return trace

    def _outcome(self, success: bool, result: Any) -> str:
        if success:
            return "success"
        if self._fault:
            return f"fault: {self._fault}"
        if isinstance(result, str):
            return result
        canceled = result.status == GoalStatus.STATUS_CANCELED
        return "canceled" if canceled else str(result.result.outcome)

    def _prepare(self, task: str, seed: int) -> None:
        self._prepare_scene(task, seed)
        if self._fault:
            self.demand(self._reset_guard, Trigger.Request())
        self._wait_until_still()
        self.wait_until(
            lambda: self._reward_stamp >= self._scene_stamp, "no reward for a picture of the new scene"
        )
        self.demand(self._reset_reward, Trigger.Request())

    def _prepare_scene(self, task: str, seed: int) -> None:
        self.demand(self._reset_scene, ResetScene.Request(task=task, seed=seed))
        self.wait_until(lambda: self._scene_seed == seed, "sim/state never showed the new scene")

    def _wait_until_still(self) -> None:
        self.wait_until(lambda: self._mode == GuardState.HOLD, "the guard did not come to HOLD")

    def wait_for_policy(self, limit: float) -> None:
        """Wait until policy_node serves its action; raises UserError after the limit (s)."""
        if not self._run.wait_for_server(timeout_sec=limit):
            raise UserError("policy_node does not serve run_policy", "see its log")

    def _on_sim(self, message: SimState) -> None:
        if self._scene_seed != int(message.seed):
            self._scene_stamp = to_ns(message.header.stamp)
            self._scene_seed = int(message.seed)
        if not message.success:
            self._success_since = None
            return
        now = time.monotonic()
        self._success_since = self._success_since or now
        with self._lock:
            running = self._trace is not None
        if running and now - self._success_since >= SUCCESS_HOLD:
            self._solved.set()

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        drops = [
            int(pair.value)
            for status in message.status
            if status.hardware_id == "reward_node"
            for pair in status.values
            if pair.key == "drops"
        ]
        if not drops:
            return
        if self._drops is None:
            self._drops_before = sum(drops)
        self._drops = sum(drops)

    def _on_guard(self, message: GuardState) -> None:
        self._mode, self._fault = message.mode, message.fault

    def _on_reward(self, message: Reward) -> None:
        stamp = to_ns(message.header.stamp)
        self._reward_stamp = stamp
        with self._lock:
            if self._trace is None:
                return
            self._first_stamp = self._first_stamp or stamp
            self._trace.stamps.append(round((stamp - self._first_stamp) * 1e-9, 4))
            self._trace.distances.append(round(float(message.distance), 5))
            self._trace.rewards.append(round(float(message.reward), 5))

    def _on_command(self, message: JointState) -> None:
        now = self.get_clock().now().nanoseconds
        stamp = to_ns(message.header.stamp)
        with self._lock:
            if self._trace is None or self._mode != GuardState.TRACKING or stamp <= self._last_command_stamp:
                return
            self._last_command_stamp = stamp
            self._trace.latencies.append((now - stamp) * 1e-9)

    def _on_image(self, message: Image) -> None:
        with self._lock:
            trace = self._trace
        if trace is not None and self._sink is not None:
            self._sink(to_rgb(message).copy(), trace)
