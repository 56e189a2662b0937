"""How image to reward goes with the size of the image, and the number of encoders, cameras and listeners."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
from builtin_interfaces.msg import Time
from sensor_msgs.msg import Image

from vip_bringup.bench.chain_ears import ChainEars, percentiles
from vip_bringup.bench.process import BenchProcess
from vip_bringup.bench.subject import Subject
from vip_ros.errors import UserError
from vip_ros.images import array_to_image

_RATE = 15.0
_START_LIMIT = 300.0


@dataclass(frozen=True)
class Shape:
    """One arrangement.

    Attributes:
        width, height: of the images, px.
        encoders: reward_nodes on the first camera.
        cameras: each with a reward_node of its own.
        listeners: further processes that hear the first camera's images.
    """

    width: int = 640
    height: int = 480
    encoders: int = 1
    cameras: int = 1
    listeners: int = 0

    @property
    def text(self) -> str:
        """In words."""
        parts = [f"{self.width}x{self.height}"]
        for count, name in ((self.encoders, "encoders"), (self.cameras, "cameras")):
            parts += [f"{count} {name}"] if count > 1 else []
        return ", ".join([*parts, f"{self.listeners} further listeners"] if self.listeners else parts)


SHAPES = (
    Shape(320, 240), Shape(), Shape(1280, 720), Shape(1920, 1080),
    Shape(encoders=2), Shape(encoders=3), Shape(cameras=2), Shape(cameras=4),
    Shape(listeners=2), Shape(listeners=8),
)  # fmt: skip


@dataclass(frozen=True)
class Scaled:
    """What one arrangement does at 15 images per second and camera.

    Attributes:
        shape: in words.
        p50_ms, p95_ms, p99_ms: image to reward of the first camera.
        answered: share of its images that had a reward, %.
        cpu: of all reward_nodes together, % of a core.
    """

    shape: str
    p50_ms: float
    p95_ms: float
    p99_ms: float
    answered: float
    cpu: float

    def line(self) -> str:
        """Return a line of the table."""
        times = f"{self.p50_ms:8.1f} {self.p95_ms:8.1f} {self.p99_ms:8.1f} ms"
        return f"  {self.shape:40} {times} {self.answered:7.1f} % {self.cpu:7.0f} %"


HEADER = f"  {'image to reward at 15 Hz':40} {'p50':>8} {'p95':>8} {'p99':>8}    {'rewards':>9} {'CPU':>9}"


def scaling_table(
    subject: Subject, frame: np.ndarray, seconds: float, status: Callable[[str], None],
    show: Callable[[Scaled], None] = lambda row: None, shapes: Sequence[Shape] = SHAPES,
) -> list[dict[str, Any]]:  # fmt: skip
    """Measure every arrangement, one after the other, and return the table.

    Args:
        subject: the encoder.
        frame: a picture uint8 [H,W,3].
        seconds: of filming for each.
        status: called with what is going on.
        show: called with each row.
        shapes: what to try.

    Raises:
        UserError: a reward_node does not run.
    """
    rows = []
    for shape in shapes:
        status(f"scaling: {shape.text}")
        row = _measure(subject, frame, shape, seconds)
        show(row)
        rows.append(asdict(row))
    return rows


def _measure(subject: Subject, frame: np.ndarray, shape: Shape, seconds: float) -> Scaled:
    cameras = ["", *(f"camera{index}/" for index in range(1, shape.cameras))]
    pixels = np.asarray(cv2.resize(frame, (shape.width, shape.height)), np.uint8)
    pictures = [_picture(pixels, shift) for shift in range(4)]
    with tempfile.TemporaryDirectory(prefix="vip-bench-") as folder, ChainEars(cameras) as ears:
        goal = f"{folder}/goal.png"
        cv2.imwrite(goal, pixels[..., ::-1])
        with _nodes(ears, subject, shape, goal) as nodes:
            _await(ears, pictures, nodes)
            before = [node.cpu_seconds() for node in nodes]
            took = ears.film(pictures, _RATE, seconds)
            used = sum(node.cpu_seconds() - spent for node, spent in zip(nodes, before, strict=True))
            times = ears.times("reward")
            sent = len(ears.sent) / len(cameras)
    p50, p95, p99 = percentiles(times, "reward")
    return Scaled(shape.text, p50, p95, p99, 100 * len(times) / sent, 100 * used / took)


def _picture(pixels: np.ndarray, shift: int) -> Image:
    return array_to_image(np.roll(pixels, 8 * shift, axis=1), Time(), "camera_optical_frame")


@contextlib.contextmanager
def _nodes(ears: ChainEars, subject: Subject, shape: Shape, goal: str) -> Iterator[list[BenchProcess]]:
    params = subject.parameters(goal)
    aside = [f"{ears.namespace}/encoder{index}" for index in range(1, shape.encoders)]
    aside_remap = {"camera/image_raw": f"{ears.namespace}/camera/image_raw"}
    others = [f"{ears.namespace}/camera{index}" for index in range(1, shape.cameras)]
    with contextlib.ExitStack() as stack:

        def start(module: str, name: str, namespace: str, *more: Any) -> BenchProcess:
            return stack.enter_context(BenchProcess(module, name, namespace, *more))

        module = "vip_reward_node.reward_node"
        nodes = [start(module, "reward_node", ears.namespace, params)]
        nodes += [start(module, "reward_node", place, params, aside_remap) for place in aside]
        nodes += [start(module, "reward_node", place, params) for place in others]
        for index in range(shape.listeners):
            heard = {"bare/image": "camera/image_raw", "bare/embedding": f"bare/listener{index}"}
            start(
                "vip_bringup.bench.bare_hop", f"listener{index}", ears.namespace, {"hop": "embedding"}, heard
            )
        yield nodes


def _await(ears: ChainEars, pictures: Sequence[Image], nodes: Sequence[BenchProcess]) -> None:
    """Film until the first reward is here and every reward_node has settled."""
    end = time.monotonic() + _START_LIMIT
    while not ears.heard("reward") or any(_starting(node) for node in nodes):
        dead = [node for node in nodes if not node.alive]
        if dead or time.monotonic() > end:
            raise UserError("reward_node gives no reward", (dead or list(nodes))[0].last_line())
        ears.film(pictures, _RATE, 1.0)


def _starting(node: BenchProcess) -> bool:
    # The line that reward_node ends its set-up with names the encoder.
    return "encoder:" not in node.output() and node.alive
