"""What `vip record` hears of the running graph and asks of it."""

from __future__ import annotations

import math
import time
from typing import Any

from rclpy.node import Node
from std_srvs.srv import Trigger
from vip_interfaces.msg import GuardState, RecorderState, SimState, TeleopState
from vip_interfaces.srv import ResetScene, StartEpisode

from vip_bringup.graph_client import GraphClient
from vip_ros.qos import LATCHED, SENSOR
from vip_ros.stamps import to_ns

RECORDER = ("start", "stop", "keep", "discard", "mark_success", "mark_failure")
_SAVING_LIMIT = 90.0  # s: a slow disk may take its time


class RecordingClient(GraphClient):
    """Recorder, teleoperation, guard and simulated scene as seen from outside."""

    def __init__(self) -> None:
        super().__init__("vip_record")
        self.recorder = RecorderState()
        self.teleop = TeleopState()
        self.guard = GuardState()
        self.scene: SimState | None = None
        self.solved_since = math.inf
        self._heard_recorder = False
        self._kept_before = 0
        self._scene_from = 0
        self._triggers = {name: trigger(self, f"recorder_node/{name}") for name in RECORDER[1:]}
        self._start = self.create_client(StartEpisode, "recorder_node/start")
        self._engage = trigger(self, "teleop_node/engage")
        self._release = trigger(self, "teleop_node/release")
        self._reset_guard = trigger(self, "franka_node/reset")
        self._reset_reward = trigger(self, "reward_node/reset_episode")
        self._reset_scene = self.create_client(ResetScene, "franka_node/reset_scene")
        self.create_subscription(RecorderState, "vip/recorder_state", self._on_recorder, LATCHED)
        self.create_subscription(TeleopState, "vip/teleop_state", self._on_teleop, LATCHED)
        self.create_subscription(GuardState, "franka/guard_state", self._on_guard, LATCHED)
        self.create_subscription(SimState, "sim/state", self._on_scene, SENSOR)
        self.begin()

    @property
    def simulated(self) -> bool:
        """Whether the robot is the simulated one, whose scene can be set."""
        return self._reset_scene.service_is_ready()

    @property
    def kept(self) -> int:
        """Episodes kept in this session, also by a recorder that had to be started again."""
        return self._kept_before + int(self.recorder.kept)

    @property
    def solved_for(self) -> float:
        """Time for which the simulated task has been solved, s."""
        return max(0.0, time.monotonic() - self.solved_since)

    def wait_ready(self) -> None:
        """Wait for the recorder's first word."""
        self.wait_until(lambda: self._heard_recorder, "the recorder said nothing")

    def start(self, task: str) -> None:
        """Begin an episode."""
        self.demand(self._start, StartEpisode.Request(task=task))

    def tell_recorder(self, name: str) -> str:
        """Call one of the recorder's triggers and return what it answered; raises UserError on refusal."""
        return str(self.demand(self._triggers[name], Trigger.Request(), _SAVING_LIMIT).message)

    def engage(self) -> None:
        """Let the device drive."""
        self.demand(self._engage, Trigger.Request())

    def release(self) -> None:
        """Let the device rest, whatever it answers."""
        self.ask(self._release, Trigger.Request())

    def prepare_scene(self, task: str, seed: int) -> None:
        """Set the simulated scene up and wait until the arm holds in it."""
        before = self.get_clock().now().nanoseconds
        self.demand(self._reset_scene, ResetScene.Request(task=task, seed=seed))
        self.wait_until(lambda: self._scene_is(seed, before), "sim/state never showed the new scene")
        if self.guard.fault:
            self.demand(self._reset_guard, Trigger.Request())
        self.wait_until(lambda: self.guard.mode == GuardState.HOLD, "the guard did not come to HOLD")
        if self._reset_reward.service_is_ready():
            self.ask(self._reset_reward, Trigger.Request())

    def _scene_is(self, seed: int, since_ns: int) -> bool:
        scene = self.scene
        return scene is not None and scene.seed == seed and to_ns(scene.header.stamp) >= since_ns

    def _on_recorder(self, message: RecorderState) -> None:
        if message.kept < self.recorder.kept:
            self._kept_before += self.recorder.kept
        self.recorder, self._heard_recorder = message, True

    def _on_teleop(self, message: TeleopState) -> None:
        self.teleop = message

    def _on_guard(self, message: GuardState) -> None:
        self.guard = message

    def _on_scene(self, message: SimState) -> None:
        self.scene = message
        if not message.success:
            self.solved_since = math.inf
        elif math.isinf(self.solved_since):
            self.solved_since = time.monotonic()


def trigger(node: Node, name: str) -> Any:
    """Return a client of a trigger service."""
    return node.create_client(Trigger, name)
