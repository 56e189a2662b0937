"""A real reward_node in a process of its own, for the benchmark."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np
import yaml
from sensor_msgs.msg import Image

from vip_bringup.bench.graph import BenchGraph
from vip_bringup.bench.subject import Subject
from vip_ros.errors import UserError

# Loading a large encoder on a busy machine, s.
_START_LIMIT = 300.0
_LIMIT = 30.0


class RewardProcess:
    """reward_node as a process, in the namespace of a benchmark; entering waits for its first reward.

    Args:
        graph: the benchmark's node.
        subject: the encoder.
        goal: picture uint8 [H,W,3] that the reward is measured to.
        message: an image to try it with.
    """

    def __init__(self, graph: BenchGraph, subject: Subject, goal: np.ndarray, message: Image) -> None:
        self._graph, self._message = graph, message
        self._folder = tempfile.TemporaryDirectory(prefix="vip-bench-")
        folder = Path(self._folder.name)
        cv2.imwrite(str(folder / "goal.png"), goal[..., ::-1])
        self.name = "bench_reward_node"
        params = {
            "encoder": subject.name,
            "weights": str(subject.path),
            "runtime": subject.runtime,
            "goal": str(folder / "goal.png"),
            "autostart": True,
        }
        file = folder / "params.yaml"
        file.write_text(yaml.safe_dump({"/**": {"ros__parameters": params}}), encoding="utf-8")
        self._log = folder / "output.txt"
        arguments = [
            "-r",
            f"__node:={self.name}",
            "-r",
            f"__ns:={graph.namespace}",
            "--params-file",
            str(file),
        ]
        with self._log.open("wb") as sink:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "vip_reward_node.reward_node", "--ros-args", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> RewardProcess:
        try:
            end = time.monotonic() + _START_LIMIT
            while self._graph.round_trip(self._message, 0.5) is None:
                if self._process.poll() is not None or time.monotonic() > end:
                    raise UserError("reward_node gives no reward", self._last_line())
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self) -> float:
        """Publish an image and return the time until its reward is back in this process, s.

        Raises:
            UserError: no reward comes.
        """
        for _ in range(3):  # best effort: an image may be lost
            took = self._graph.round_trip(self._message, _LIMIT)
            if took is not None:
                return took
        raise UserError("reward_node gives no reward any more", self._last_line())

    def work_times(self, least: int) -> tuple[float, float]:
        """Return the node's own median and p99 from an image's receipt to its published reward, s.

        Args:
            least: images that it must have reported.
        """
        name = f"{self.name}: image to reward"
        values = self._graph.status(name, lambda status: int(status.get("count", 0)) >= least, _LIMIT)
        return float(values["age_p50_ms"]) / 1e3, float(values["age_p99_ms"]) / 1e3

    def close(self) -> None:
        """End the process."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10.0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._folder.cleanup()

    def _last_line(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it printed nothing")
