"""The whole chain as processes, camera to arm, with a policy that keeps the first joint turning."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from faults.cable import Cable
from faults.discovery_server import DiscoveryServer
from faults.relay import Relay
from graph.helpers import NodeProcess, Probe
from graph.mjpeg_server import MjpegServer
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_srvs.srv import Trigger
from support.policies import toy_config, toy_tensors
from vip_interfaces.msg import Embedding, GuardState, JointActionChunk

from policy_node.bundle import save_bundle
from vip_models.goals import Goal
from vip_ros.qos import LATCHED, RELIABLE_10, SENSOR

LIMIT = 60.0
SPEED = 0.2  # rad/s of the first joint
WELL_ON_ITS_WAY = 0.1  # rad
# A busy machine may hold a stream up for longer than its timeout.
ATTEMPTS = 5
MODULES = {
    "camera_node": "vip_reward_node.camera_node",
    "reward_node": "vip_reward_node.reward_node",
    "franka_node": "franka_node.franka_node",
    "policy_node": "policy_node.policy_node",
}
STREAMS: dict[str, tuple[Any, str, Any]] = {
    "image": (CameraInfo, "camera/camera_info", SENSOR),
    "embedding": (Embedding, "vip/embedding", SENSOR),
    "action": (JointActionChunk, "policy/action", RELIABLE_10),
    "joint_state": (JointState, "joint_states", SENSOR),
}


class Ears:
    """Hears what the guard hears, and what it says.

    Args:
        probe: to listen with.
        joint_states: topic on which the robot tells them.

    Attributes:
        sent_ns: per stream, when each message was written by its publisher, ns since the epoch.
        guard: every guard state.
        told_ns: when each of them was written, ns since the epoch.
        commands: every joint command with the time at which it was written.
    """

    def __init__(self, probe: Probe, joint_states: str = "joint_states") -> None:
        self.probe = probe
        self.sent_ns: dict[str, list[int]] = {}
        self.newest: dict[str, Any] = {}
        for stream, (kind, topic, qos) in STREAMS.items():
            self._listen(stream, kind, joint_states if stream == "joint_state" else topic, qos)
        self.commands: list[tuple[int, JointState]] = []
        probe.node.create_subscription(
            JointState, "franka/joint_command", self._on_command, QoSProfile(depth=5000)
        )
        self.guard: list[GuardState] = []
        self.told_ns: list[int] = []
        probe.node.create_subscription(GuardState, "franka/guard_state", self._on_guard, LATCHED)

    def _listen(self, stream: str, kind: Any, topic: str, qos: Any) -> None:
        times = self.sent_ns[stream] = []

        def note(message: Any, info: dict[str, Any]) -> None:
            times.append(info["source_timestamp"])
            self.newest[stream] = message

        self.probe.node.create_subscription(kind, topic, note, qos)

    def _on_command(self, message: JointState, info: dict[str, Any]) -> None:
        self.commands.append((info["source_timestamp"], message))

    def _on_guard(self, message: GuardState, info: dict[str, Any]) -> None:
        with self.probe.changed:
            self.told_ns.append(info["source_timestamp"])
            self.guard.append(message)
            self.probe.changed.notify_all()

    def wait(self, wanted: Callable[[GuardState], bool], what: str) -> GuardState:
        """Return the newest guard state once it is the one that is wanted."""

        def newest() -> GuardState | None:
            return self.guard[-1] if self.guard and wanted(self.guard[-1]) else None

        return self.probe.wait_for(newest, LIMIT, what)

    def wait_mode(self, mode: int) -> GuardState:
        return self.wait(lambda state: state.mode == mode, f"guard mode {mode}")

    def moves(self) -> bool:
        """Wait until the arm is well on its way; return whether it is, or stopped before it was."""

        def decided() -> bool:
            away = abs(self.commands[-1][1].position[0]) > WELL_ON_ITS_WAY
            return away or bool(self.guard[-1].fault)

        self.probe.wait_for(decided, LIMIT, "the arm to move")
        return not self.guard[-1].fault

    def at_home(self) -> bool:
        """Wait until the arm rests at home; return whether it does, or stopped before it was there."""

        def decided() -> bool:
            state = self.guard[-1]
            near = abs(self.commands[-1][1].position[0]) < 1e-3
            return bool(state.fault) or (near and state.mode == GuardState.HOLD)

        self.probe.wait_for(decided, LIMIT, "home")
        return not self.guard[-1].fault

    def silence(self) -> float:
        """Return for how long no command has come, s."""
        return (self.probe.node.get_clock().now().nanoseconds - self.commands[-1][0]) * 1e-9

    def since_fault(self) -> list[GuardState]:
        """Return the guard states from the first that names the present fault on."""
        return self.guard[self._fault_index() :]

    def rest_ns(self) -> int:
        """Return when the guard said that the arm rests with the present fault, ns since the epoch."""
        first = self._fault_index()
        return next(
            ns
            for ns, state in zip(self.told_ns[first:], self.guard[first:], strict=True)
            if state.mode == GuardState.FAULT
        )

    def _fault_index(self) -> int:
        begin = len(self.guard)
        while begin > 0 and self.guard[begin - 1].fault:
            begin -= 1
        return begin


class LiveStack:
    """camera_node on a network camera, reward_node, franka_node with the simulated arm, policy_node.

    Args:
        probe: to watch and to interfere with.
        folder: for the policy.
        params: parameters of nodes besides the usual ones.
        relayed: have relays in the streams, which may change what passes.
        scripts: what runs a node instead of its module.
        elsewhere: in which camera_node is started, for instance on another host; the camera is there.

    Attributes:
        cable: to the camera's host, where that is another one.
        server: through which the nodes find each other, where there is one.
    """

    def __init__(
        self,
        probe: Probe,
        folder: Path,
        params: Mapping[str, Mapping[str, Any]] | None = None,
        relayed: bool = False,
        scripts: Mapping[str, Path] | None = None,
        elsewhere: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext,
    ) -> None:
        self.probe, self.ears, self.folder = probe, Ears(probe), folder
        self.cable: Cable | None = None
        self.server: DiscoveryServer | None = None
        self._scripts, self._elsewhere = dict(scripts or {}), elsewhere
        self.camera = MjpegServer(rate=20.0, size=(160, 120))
        with elsewhere():
            self.camera.start()
        self.params: dict[str, dict[str, Any]] = {
            "camera_node": {"source": self.camera.url},
            "reward_node": {"threads": 1},
            "franka_node": {},
            "policy_node": {"bundle": str(folder / "policy"), "timeout": 600.0},
        }
        for name, values in (params or {}).items():
            self.params[name].update(values)
        self.remaps: dict[str, dict[str, str]] = {}
        self.relays: dict[str, Relay] = {}
        if relayed:
            self._put_relays()
        self.nodes: dict[str, NodeProcess] = {}
        for name in ("camera_node", "reward_node", "franka_node"):
            self.start(name)
        for name in ("camera_node", "reward_node", "franka_node"):
            self.nodes[name].wait_active(probe, LIMIT)
        probe.wait_for(lambda: "embedding" in self.ears.newest, LIMIT, "an embedding")
        self._write_policy()
        self.start("policy_node")

    def start(self, name: str) -> None:
        """Start a node."""
        script = [str(self._scripts[name])] if name in self._scripts else None
        with self._elsewhere() if name == "camera_node" else contextlib.nullcontext():
            self.nodes[name] = NodeProcess(
                MODULES[name], self.params[name], self.remaps.get(name), name=name, command=script
            )

    def restart(self, name: str) -> None:
        """Kill a node where it lives, and start it again."""
        self.nodes[name].kill()
        self.nodes[name].__exit__(None, None, None)
        self.start(name)

    def move(self) -> None:
        """Have everything active, the arm at home, the policy running and the arm moving.

        Raises:
            AssertionError: some stream stalls each time before the arm is on its way.
        """
        for _ in range(ATTEMPTS):
            if self._start_moving() and self.ears.moves():
                return
        raise AssertionError(f"the arm stops by itself: {self.ears.guard[-1].fault_detail}")

    def _start_moving(self) -> bool:
        """Return whether a run has begun, or something stalled before."""
        for node in self.nodes.values():
            node.wait_active(self.probe, LIMIT)
        self.probe.ask(Trigger, "policy_node/stop")  # of a fault that the stack went on with
        self.ears.wait(lambda state: state.mode in (GuardState.HOLD, GuardState.FAULT), "the arm to rest")
        assert self.probe.ask(Trigger, "franka_node/reset").success
        self.ears.wait_mode(GuardState.HOLD)
        assert self.probe.ask(Trigger, "franka_node/home").success
        if not self.ears.at_home():
            return False
        end = time.monotonic() + LIMIT
        while not self.probe.ask(Trigger, "policy_node/start").success:
            assert time.monotonic() < end, self.nodes["policy_node"].output
        return True

    def freeze(self, name: str) -> None:
        self.nodes[name].process.send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        self.nodes[name].process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        for name, node in self.nodes.items():
            self.thaw(name)
            node.__exit__(None, None, None)
        self.camera.stop()

    def _put_relays(self) -> None:
        for stream, kind, source in (
            ("image", Image, "camera/image_raw"),
            ("info", CameraInfo, "camera/camera_info"),
            ("joints", JointState, "joint_states"),
        ):
            self.relays[stream] = Relay(self.probe, kind, source, f"relayed/{source}", SENSOR)
        self.remaps["reward_node"] = {"camera/image_raw": "relayed/camera/image_raw"}
        self.remaps["policy_node"] = {"joint_states": "relayed/joint_states"}
        self.params["franka_node"]["image_topic"] = "relayed/camera/camera_info"

    def _write_policy(self) -> None:
        embedding: Embedding = self.ears.newest["embedding"]
        size = len(embedding.data)
        config = toy_config(encoder=embedding.encoder, embedding_dim=size, horizon=8)
        tensors = toy_tensors(config)
        # The first joint only, whatever the camera sees.
        points = np.zeros((config.horizon, config.action_size), np.float32)
        points[:, 0] = SPEED * config.step_duration * np.arange(1, config.horizon + 1)
        tensors["layers.0.weight"][:] = 0.0
        tensors["output_mean"] = points.ravel()
        picture = np.full((6, 8, 3), 200, np.uint8)
        goal = Goal("turned", config.encoder, np.ones(size, np.float32), picture, 0.5)
        save_bundle(self.folder / "policy", config, tensors, goal)
