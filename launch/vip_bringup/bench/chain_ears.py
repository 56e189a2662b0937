"""Publishes images into a chain of nodes and notes when each of their answers was written."""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_srvs.srv import Trigger
from vip_interfaces.msg import Embedding, JointActionChunk, Reward

from vip_bringup.bench.bare_hop import HOPS
from vip_ros.errors import UserError
from vip_ros.qos import RELIABLE_1, RELIABLE_10, SENSOR
from vip_ros.spinning_node import SpinningNode
from vip_ros.stamps import from_ns, to_ns

_TOPICS: dict[str, tuple[Any, str, Any]] = {
    "embedding": (Embedding, "vip/embedding", SENSOR),
    "reward": (Reward, "vip/reward", RELIABLE_10),
    "action": (JointActionChunk, "policy/action", RELIABLE_1),
    "command": (JointState, "franka/joint_command", RELIABLE_10),
    **{f"bare {hop}": (sent, topic, qos) for hop, (_, _, _, sent, topic, qos) in HOPS.items()},
}
# How long the last answers may take, s.
_LAST = 1.0
Times = NDArray[np.float64]


class ChainEars(SpinningNode):
    """A camera, or several, and everything that follows from their images; use as a context manager.

    Args:
        cameras: namespaces of the cameras below that of the benchmark, "" for the one of the chain.

    Attributes:
        namespace: of all topics.
        sent: stamps of the images published, ns.
    """

    def __init__(self, cameras: Sequence[str] = ("",)) -> None:
        os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        self.namespace = f"/vip_bench_{os.getpid()}"
        super().__init__("bench", self.namespace)
        create = self.node.create_publisher
        self._images = [create(Image, f"{name}camera/image_raw", SENSOR) for name in cameras]
        self._infos = [create(CameraInfo, f"{name}camera/camera_info", SENSOR) for name in cameras]
        self._bare = create(Image, HOPS["embedding"][1], SENSOR)
        self.sent: list[int] = []
        self._written: dict[str, dict[int, int]] = defaultdict(dict)
        for name, (kind, topic, qos) in _TOPICS.items():
            self._listen(name, kind, topic, qos)

    def film(self, pictures: Sequence[Image], rate: float, seconds: float, bare: bool = False) -> float:
        """Publish images at a rate (Hz) for a while (s); returns the time taken, s."""
        publishers = [self._bare] if bare else self._images
        self.sent.clear()
        for written in self._written.values():
            written.clear()
        begin = time.perf_counter()
        for count in _beats(rate, max(1, round(rate * seconds))):
            self._send(publishers, pictures[count % len(pictures)])
        took = time.perf_counter() - begin
        time.sleep(_LAST)  # of the last images the answers are still to come
        return took

    @contextlib.contextmanager
    def filming(self, pictures: Sequence[Image], rate: float) -> Iterator[None]:
        """Publish images at a rate (Hz) meanwhile, in a thread."""
        ended = threading.Event()

        def run() -> None:
            for count in _beats(rate):
                if ended.is_set():
                    return
                self._send(self._images, pictures[count % len(pictures)])

        thread = threading.Thread(target=run, name="filming", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def times(self, until: str, since: str = "image") -> Times:
        """Return the s from one stage to another, of the images for which both were heard."""
        written = dict(self._written[until])
        begun = {stamp: stamp for stamp in self.sent} if since == "image" else dict(self._written[since])
        return np.array([(written[stamp] - begun[stamp]) * 1e-9 for stamp in begun if stamp in written])

    def heard(self, name: str) -> bool:
        """Return whether a stage has answered to an image of the last film."""
        return bool(self._written[name])

    def ask(self, service: str, limit: float) -> tuple[bool, str]:
        """Call a Trigger service; returns its answer, or False and why there is none within limit s."""
        client = self.node.create_client(Trigger, service)
        try:
            if not client.wait_for_service(limit):
                return False, f"no service {service}"
            future = client.call_async(Trigger.Request())
            end = time.monotonic() + limit
            while not future.done() and time.monotonic() < end:
                time.sleep(0.01)
            answer = future.result() if future.done() else None
            return (
                (False, f"{service} does not answer") if answer is None else (answer.success, answer.message)
            )
        finally:
            self.node.destroy_client(client)

    def _send(self, publishers: Sequence[Any], picture: Image) -> None:
        for publisher, info in zip(publishers, self._infos, strict=False):
            self._publish(publisher, info, picture)

    def _publish(self, publisher: Any, info: Any, picture: Image) -> None:
        stamp_ns = time.time_ns()
        picture.header.stamp = from_ns(stamp_ns)
        self.sent.append(stamp_ns)
        publisher.publish(picture)
        info.publish(CameraInfo(header=picture.header, width=picture.width, height=picture.height))

    def _listen(self, name: str, kind: Any, topic: str, qos: Any) -> None:
        written = self._written[name]

        def note(message: Any, info: dict[str, Any]) -> None:
            # Of several messages that follow from one image (commands) the first is what counts.
            written.setdefault(to_ns(message.header.stamp), info["source_timestamp"])

        # rclpy's stub knows callbacks with one argument only.
        self.node.create_subscription(kind, topic, note, qos)  # type: ignore[arg-type]


def _beats(rate: float, most: int | None = None) -> Iterator[int]:
    """Count at a rate (Hz), without making up for what came late."""
    due = time.perf_counter()
    for count in itertools.count() if most is None else range(most):
        time.sleep(max(0.0, due - time.perf_counter()))
        yield count
        due = max(due + 1.0 / rate, time.perf_counter())


def percentiles(times: Iterable[float], what: str) -> tuple[float, float, float]:
    """Return p50, p95 and p99 in ms; raises UserError when there is nothing to take them of."""
    values = np.array(list(times))
    if not values.size:
        raise UserError(f"no {what} came", "try again on a quieter machine")
    p50, p95, p99 = (1e3 * float(value) for value in np.percentile(values, (50, 95, 99)))
    return p50, p95, p99
