"""The recorder beside a running encoder: what it loses, what it costs.

    .venv/bin/python benchmarks/recorder_load.py --minutes 10

A publisher sends 640x480 pictures at 30 Hz and joint states at 100 Hz, reward_node encodes, recorder_node
records all of it. Every message that the publisher sent while the episode ran must be in the file.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import Image, JointState
from std_srvs.srv import Trigger
from vip_interfaces.srv import StartEpisode

from vip_bringup.bench.process import cpu_seconds
from vip_ros.images import array_to_image
from vip_ros.middleware import configure_middleware
from vip_ros.qos import SENSOR
from vip_ros.stamps import to_ns
from vip_teleop.episode_reader import EpisodeReader

_NODES = ("vip_reward_node.reward_node", "vip_teleop.recorder_node")


class Publisher:
    """Camera and robot: keeps the stamps of all it sent, ns."""

    def __init__(self, node: Any) -> None:
        self._node = node
        self._images = node.create_publisher(Image, "camera/image_raw", SENSOR)
        self._states = node.create_publisher(JointState, "joint_states", SENSOR)
        rng = np.random.default_rng(0)
        scene = np.linspace(40, 200, 640)[None, :, None].repeat(480, 0).repeat(3, 2)
        # A sensor's noise, which no compression removes.
        self._pictures = [
            np.clip(scene + rng.normal(0, 3, scene.shape), 0, 255).astype(np.uint8) for _ in range(8)
        ]
        self.sent: dict[str, list[int]] = {"/camera/image_raw": [], "/joint_states": []}
        node.create_timer(1 / 30, self._image)
        node.create_timer(1 / 100, self._state)

    def _image(self) -> None:
        stamp = self._node.get_clock().now().to_msg()
        stamps = self.sent["/camera/image_raw"]
        self._images.publish(array_to_image(self._pictures[len(stamps) % 8], stamp, "camera"))
        stamps.append(to_ns(stamp))

    def _state(self) -> None:
        message = JointState(name=[f"panda_joint{i}" for i in range(1, 8)], position=[0.1] * 7)
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._states.publish(message)
        self.sent["/joint_states"].append(to_ns(message.header.stamp))


def measure(minutes: float, folder: Path, image_format: str, compression: str) -> dict[str, Any]:
    """Record for that long and return the figures.

    Args:
        minutes: length of the episode, min.
        folder: receives the episode.
        image_format: see recorder_node.image_format.
        compression: see recorder_node.compression.
    """
    configure_middleware()
    processes = [_start(module, folder, image_format, compression) for module in _NODES]
    rclpy.init(args=[])
    node = rclpy.create_node("recorder_load")
    publisher = Publisher(node)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    threading.Thread(target=executor.spin, daemon=True).start()
    try:
        _call(node, StartEpisode, "recorder_node/start")
        begin, used = time.monotonic(), [cpu_seconds(process.pid) for process in processes]
        time.sleep(60 * minutes)
        seconds = time.monotonic() - begin
        used = [cpu_seconds(process.pid) - before for process, before in zip(processes, used, strict=True)]
        _call(node, Trigger, "recorder_node/stop")
        _call(node, Trigger, "recorder_node/keep")
    finally:
        executor.shutdown()
        rclpy.try_shutdown()
        for process in processes:
            process.terminate()
            process.wait(30)
    figures = _compare(EpisodeReader(folder / "load_0000"), publisher.sent)
    size = (folder / "load_0000" / "episode.mcap").stat().st_size
    return {
        "minutes": minutes,
        "image_format": image_format,
        "compression": compression,
        **figures,
        "recorder_cpu_percent": round(100 * used[1] / seconds, 1),
        "encoder_cpu_percent": round(100 * used[0] / seconds, 1),
        "megabytes_per_second": round(size / seconds / 1e6, 2),
        "load_average": os.getloadavg()[0],
    }


def _start(module: str, folder: Path, image_format: str, compression: str) -> subprocess.Popen[bytes]:
    parameters = {"autostart": "true"}
    if "recorder" in module:
        parameters |= {"directory": str(folder), "task": "load"}
        parameters |= {"image_format": image_format, "compression": compression}
    words = [word for name, value in parameters.items() for word in ("-p", f"{name}:={value}")]
    return subprocess.Popen([sys.executable, "-m", module, "--ros-args", *words])


def _call(node: Any, kind: Any, name: str, limit: float = 120.0) -> None:
    """Call a service until it agrees; raises RuntimeError with its reason after the limit, s."""
    client = node.create_client(kind, name)
    end, reason = time.monotonic() + limit, "it is not there"
    while time.monotonic() < end:
        if client.wait_for_service(1.0):
            future = client.call_async(kind.Request())
            while not future.done() and time.monotonic() < end:
                time.sleep(0.05)
            if future.done() and future.result().success:
                return
            reason = future.result().message if future.done() else "no answer"
        time.sleep(0.5)
    raise RuntimeError(f"{name}: {reason}")


def _compare(reader: EpisodeReader, sent: dict[str, list[int]]) -> dict[str, Any]:
    """Return per topic what was sent between the first and the last recorded message, and what is missing."""
    recorded: dict[str, set[int]] = {topic: set() for topic in sent}
    for topic, _, message in reader.messages(*sent):
        recorded[topic].add(to_ns(message.header.stamp))
    figures: dict[str, Any] = {"embeddings": reader.info.counts.get("/vip/embedding", 0)}
    for topic, stamps in sent.items():
        first, last = min(recorded[topic]), max(recorded[topic])
        due = [stamp for stamp in stamps if first <= stamp <= last]
        missing = sum(stamp not in recorded[topic] for stamp in due)
        figures[topic] = {"sent": len(due), "recorded": len(recorded[topic]), "missing": missing}
    figures["told_missed"] = reader.info.missed
    return figures


def main() -> int:
    """Measure and print the figures as JSON; returns 1 when a message is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--image-format", default="raw")
    parser.add_argument("--compression", default="lz4")
    parser.add_argument(
        "--folder", type=Path, default=None, help="where to record (default: a temporary folder)"
    )
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="recorder-load-", dir=arguments.folder))
    try:
        figures = measure(arguments.minutes, folder, arguments.image_format, arguments.compression)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(figures, indent=1))
    return int(any(figures[topic]["missing"] for topic in ("/camera/image_raw", "/joint_states")))


if __name__ == "__main__":
    sys.exit(main())
