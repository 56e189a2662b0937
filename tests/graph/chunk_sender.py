"""A stand-in for camera, encoder and policy: sways joint 1 with chunks, as a process or inside a test.

Run as a process it sends until it is killed.
"""

from __future__ import annotations

import time

import numpy as np
import rclpy
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, JointState
from vip_interfaces.msg import Embedding, JointActionChunk

from vip_ros.middleware import configure_middleware
from vip_ros.qos import RELIABLE_1, SENSOR
from vip_ros.stamps import from_ns

PERIOD = 0.05
STEP, HORIZON = 0.1, 8


class ChunkSender:
    """Sends an image stamp and an embedding at 20 Hz, and a chunk at 10 Hz.

    Attributes:
        live: the streams it sends: image, embedding, action.
        amplitude: rad, by which joint 1 sways.
        frequency: of the sway, Hz.
        source: of the chunks.
        gripper: width that is wished, m; None: no wish.
    """

    def __init__(self, node: Node) -> None:
        self.live = {"image", "embedding", "action"}
        self.amplitude, self.frequency, self.source = 0.2, 0.4, "policy"
        self.gripper: float | None = None
        self.sent = 0
        self._begin: float | None = None
        self._home: np.ndarray | None = None
        self._names: list[str] = []
        self.images = node.create_publisher(CameraInfo, "camera/camera_info", SENSOR)
        self.embeddings = node.create_publisher(Embedding, "vip/embedding", SENSOR)
        self.chunks = node.create_publisher(JointActionChunk, "policy/action", RELIABLE_1)
        node.create_subscription(JointState, "joint_states", self._on_state, SENSOR)
        self._timer = node.create_timer(PERIOD, self._tick)

    def chunk(self, rows: np.ndarray, now_ns: int, final: bool = False) -> JointActionChunk:
        """A message of positions [H, 7] that follow from now."""
        message = JointActionChunk(
            source=self.source, joint_names=self._names, step_duration=STEP, final=final
        )
        message.header.stamp = from_ns(now_ns)
        message.horizon, message.positions = len(rows), np.asarray(rows, dtype=float).ravel().tolist()
        if self.gripper is not None:
            message.gripper = [self.gripper] * len(rows)
        return message

    @property
    def home(self) -> np.ndarray | None:
        """Where the arm was first seen, [7]."""
        return self._home

    def wish(self, seconds: float) -> np.ndarray:
        """Where the arm shall be some seconds after the first chunk, [7]."""
        assert self._home is not None
        sway = self.amplitude * (1 - np.cos(2 * np.pi * self.frequency * max(seconds, 0.0))) / 2
        return self._home + sway * np.eye(7)[0]

    def _on_state(self, message: JointState) -> None:
        if self._home is None:
            self._names, self._home = list(message.name[:7]), np.array(message.position[:7])

    def _tick(self) -> None:
        now = time.time_ns()
        if "image" in self.live:
            info = CameraInfo()
            info.header.stamp = from_ns(now)
            self.images.publish(info)
        if "embedding" in self.live:
            embedding = Embedding(encoder="none@0")
            embedding.header.stamp = from_ns(now)
            self.embeddings.publish(embedding)
        self.sent += 1
        if "action" in self.live and self._home is not None and self.sent % 2 == 0:
            self._begin = self._begin or now * 1e-9
            ahead = now * 1e-9 - self._begin
            rows = np.array([self.wish(ahead + (k + 1) * STEP) for k in range(HORIZON)])
            self.chunks.publish(self.chunk(rows, now))

    def rest_from_now(self) -> None:
        """Begin the sway anew with the next chunk, from where the arm was first seen."""
        self._begin = None


def main() -> None:
    """Send until killed."""
    configure_middleware()
    rclpy.init()
    node = rclpy.create_node("chunk_sender")
    ChunkSender(node)
    rclpy.spin(node)


if __name__ == "__main__":
    main()
