"""A recorded motion on the robot again, through the guard like every other."""

from __future__ import annotations

import array
import tempfile
import time
from pathlib import Path

import numpy as np
import rclpy
from sensor_msgs.msg import JointState
from vip_interfaces.msg import GuardState, JointActionChunk

from vip_bringup.demo.progress import step
from vip_bringup.demo.stack import RunningStack
from vip_bringup.graph import build_graph
from vip_bringup.graph_client import join_graph
from vip_bringup.live_recording.client import RecordingClient
from vip_ros.errors import UserError
from vip_ros.middleware import configure_middleware
from vip_ros.qos import RELIABLE_1, SENSOR
from vip_teleop.episode_reader import EpisodeReader
from vip_teleop.replay import STEP, Replay

SOURCE = "replay"
_PERIOD = 0.1  # s between two chunks
_SETTLED = 1.0  # s that the arm may take to come to rest after the last chunk


class Replayer(RecordingClient):
    """Sends an episode's commands as chunks and watches guard and scene."""

    def __init__(self) -> None:
        self._state: JointState | None = None
        super().__init__()
        self.create_subscription(JointState, "joint_states", self._on_state, SENSOR)
        self._chunks = self.create_publisher(JointActionChunk, "policy/action", RELIABLE_1)

    def play(self, reader: EpisodeReader, speed: float, told: object) -> bool:
        """Play an episode; returns whether the simulated task was solved at the end.

        Raises:
            UserError: no joint state, another robot, or the guard stopped the motion.
        """
        self.wait_until(lambda: self._state is not None, "no joint state came")
        assert self._state is not None  # waited for
        joints = [name for name in self._state.name if "finger" not in name]
        q = np.array([self._state.position[self._state.name.index(name)] for name in joints])
        replay = Replay(reader, joints, q, speed)
        begin = time.monotonic()
        while True:
            elapsed = time.monotonic() - begin
            chunk = replay.chunk(elapsed)
            message = JointActionChunk(source=SOURCE, joint_names=joints, final=chunk.final)
            message.header.stamp = self.get_clock().now().to_msg()
            message.step_duration, message.horizon = STEP, len(chunk.positions)
            message.positions = array.array("d", chunk.positions.ravel())
            message.gripper = array.array("d", chunk.gripper)
            self._chunks.publish(message)
            told(min(elapsed, replay.duration), replay.duration)  # type: ignore[operator]
            if self.guard.mode == GuardState.FAULT:
                fault = f"{self.guard.fault}: {self.guard.fault_detail}"
                raise UserError(f"the guard stopped the replay ({fault})", "call franka_node/reset")
            if chunk.final:
                break
            time.sleep(_PERIOD)
        time.sleep(_SETTLED)
        return self.solved_for > 0

    def _on_state(self, message: JointState) -> None:
        self._state = message


def replay_episode(episode: Path, config: str, settings: list[str], speed: float) -> bool | None:
    """Bring the stack up and play an episode on its robot.

    Returns:
        Whether the simulated task was solved at the end; None on a real robot.

    Raises:
        UserError: not an episode, a stack that does not start, a motion that the guard does not allow.
    """
    reader = EpisodeReader(episode)
    Replay(reader, _arm(reader), np.zeros(len(_arm(reader))), speed)  # finds mistakes before anything starts
    namespace = build_graph(config, settings).namespace
    configure_middleware()
    with tempfile.TemporaryDirectory(prefix="vip-replay-") as folder:
        nodes = [*settings, f"franka_node.task={reader.info.task}"] if config == "default" else settings
        with RunningStack(nodes, Path(folder) / "stack.log", config=config):
            return _play(reader, speed, namespace)


def _play(reader: EpisodeReader, speed: float, namespace: str) -> bool | None:
    join_graph(namespace)
    client = Replayer()
    try:
        if client.simulated and reader.info.seed >= 0:
            client.prepare_scene(reader.info.task, reader.info.seed)
        with step(f"replaying {reader.path.name}") as bar:
            solved = client.play(reader, speed, lambda at, whole: bar.update("s", round(at), round(whole)))
        return solved if client.simulated else None
    finally:
        client.close()
        rclpy.try_shutdown()


def _arm(reader: EpisodeReader) -> list[str]:
    return [name for name in reader.joint_commands().names if "finger" not in name]
