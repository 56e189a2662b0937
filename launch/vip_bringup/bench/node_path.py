"""A real reward_node in a process of its own, for the benchmark."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np
from sensor_msgs.msg import Image

from vip_bringup.bench.graph import BenchGraph
from vip_bringup.bench.process import BenchProcess
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
        picture = Path(self._folder.name) / "goal.png"
        cv2.imwrite(str(picture), goal[..., ::-1])
        self.name = "bench_reward_node"
        params = subject.parameters(str(picture))
        self._process = BenchProcess("vip_reward_node.reward_node", self.name, graph.namespace, params)

    def __enter__(self) -> RewardProcess:
        try:
            end = time.monotonic() + _START_LIMIT
            while self._graph.round_trip(self._message, 0.5) is None:
                if not self._process.alive or time.monotonic() > end:
                    raise UserError("reward_node gives no reward", self._process.last_line())
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
        raise UserError("reward_node gives no reward any more", self._process.last_line())

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
        self._process.close()
        self._folder.cleanup()
