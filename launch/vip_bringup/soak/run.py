"""A soak: cameras that play a video, an encoder each, policy, guard and monitor, all watched from outside."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from vip_interfaces.msg import GuardState

from vip_bringup.bench.chain_ears import ChainEars
from vip_bringup.bench.process import BenchProcess, cpu_seconds
from vip_bringup.bench.subject import weights_or_random
from vip_bringup.soak.figures import ProcessFigures, Sample, SoakReport
from vip_bringup.still_policy import write_still_policy
from vip_models import load_encoder
from vip_models.machine import load_average
from vip_ros.errors import UserError
from vip_ros.qos import LATCHED, RELIABLE_10

_START_LIMIT = 300.0
_ANSWER_LIMIT = 20.0
# Until then caches, statistics windows and allocators fill up: not part of what is judged.
_WARM_UP_SHARE, _SAMPLES = 1 / 6, 120
_FRAMES = 60
_STREAM_KEYS = ("rate_hz", "drops", "count")


@dataclass(frozen=True)
class SoakRequest:
    """What to run: minutes, rate of each camera (Hz), size of its pictures (px), cameras, encoder card."""

    minutes: float
    rate: float
    width: int
    height: int
    cameras: int
    encoder: str

    @property
    def about(self) -> str:
        """In words."""
        size = f"{self.width}x{self.height}"
        return f"{self.minutes:g} min: cameras: {self.cameras}, {size} at {self.rate:g} Hz; {self.encoder}"


class _Listener(ChainEars):
    """Hears what the nodes tell of their streams, and the faults of the guard."""

    def __init__(self) -> None:
        super().__init__()
        self.statuses: dict[str, dict[str, float]] = {}
        self.faults: list[str] = []
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, RELIABLE_10)
        self.node.create_subscription(GuardState, "franka/guard_state", self._on_guard, LATCHED)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            values: Any = status.values
            found = {pair.key: pair.value for pair in values}
            if "rate_hz" in found:
                self.statuses[status.name] = {key: float(found.get(key, "nan")) for key in _STREAM_KEYS}

    def _on_guard(self, message: GuardState) -> None:
        if message.fault and (not self.faults or self.faults[-1] != message.fault_detail):
            self.faults.append(message.fault_detail)


def run_soak(request: SoakRequest, tell: Callable[[str], None]) -> SoakReport:
    """Run the graph and return what became of it.

    Raises:
        UserError: it does not come up.
    """
    before = load_average()
    with (
        tempfile.TemporaryDirectory(prefix="vip-soak-") as folder,
        _Listener() as ears,
        _processes(request, Path(folder), ears.namespace) as processes,
    ):
        _begin(ears, processes)
        seconds = 60.0 * request.minutes
        tell(f"{request.about}: running, warm for {_WARM_UP_SHARE * seconds:.0f} s")
        time.sleep(_WARM_UP_SHARE * seconds)
        ears.faults.clear()
        figures = [ProcessFigures(process.name) for process in processes]
        _watch(processes, figures, (1 - _WARM_UP_SHARE) * seconds, tell)
        for found in figures:
            prefix = f"{found.name}: "
            streams = {
                name.removeprefix(prefix): v for name, v in ears.statuses.items() if name.startswith(prefix)
            }
            found.streams = streams
        return SoakReport(
            request.about,
            (round(before, 1), round(load_average(), 1)),
            request.rate,
            list(ears.faults),
            figures,
        )


def _watch(
    processes: Sequence[BenchProcess],
    figures: Sequence[ProcessFigures],
    seconds: float,
    tell: Callable[[str], None],
) -> None:
    begin = time.monotonic()
    for count in range(_SAMPLES + 1):
        time.sleep(max(0.0, begin + count * seconds / _SAMPLES - time.monotonic()))
        for process, found in zip(processes, figures, strict=True):
            found.alive = process.alive
            if process.alive:
                found.samples.append(_look(process.pid, time.monotonic() - begin))
        if count and count % (_SAMPLES // 6) == 0:
            total = sum(found.samples[-1].memory for found in figures if found.samples)
            tell(f"  {count / _SAMPLES:4.0%}  {total:8.1f} MB in {len(processes)} processes")


def _look(pid: int, seconds: float) -> Sample:
    """Return one look at a process by its files in /proc."""
    status = dict(
        line.split(":", 1)
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        if ":" in line
    )
    memory = float(status["RssAnon"].split()[0]) / 1024
    descriptors = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    return Sample(seconds, memory, descriptors, int(status["Threads"]), cpu_seconds(pid))


@contextlib.contextmanager
def _processes(request: SoakRequest, folder: Path, namespace: str) -> Iterator[list[BenchProcess]]:
    video = _write_video(folder / "soak.avi", request)
    weights, _ = weights_or_random(request.encoder)
    encoder = load_encoder(request.encoder, weights)
    policy = write_still_policy(folder / "policy", encoder.id, encoder.dim, 10.0)
    del encoder
    camera = {"source": str(video), "loop": True, "rate": request.rate}
    with contextlib.ExitStack() as stack:

        def start(module: str, name: str, params: dict[str, Any], place: str = namespace) -> BenchProcess:
            return stack.enter_context(BenchProcess(module, name, place, {**params, "autostart": True}))

        processes = []
        for index in range(request.cameras):
            place = namespace if index == 0 else f"{namespace}/camera{index}"
            mark = "" if index == 0 else str(index)
            reward = {"encoder": request.encoder, "weights": str(weights), "goal": str(video)}
            processes.append(start("vip_reward_node.reward_node", f"reward_node{mark}", reward, place))
            processes.append(start("vip_reward_node.camera_node", f"camera_node{mark}", camera, place))
        # On a machine that is full to the brim a late picture is what is measured, not a reason to end.
        patient = {
            f"{stream}_timeout": 5.0 for stream in ("image", "embedding", "action", "joint_state", "loop")
        }
        processes.append(
            start(
                "franka_node.franka_node",
                "franka_node",
                {**patient, "max_action_age": 5.0, "max_input_age": 5.0},
            )
        )
        processes.append(start("vip_reward_node.monitor_node", "monitor_node", {}))
        run = {"bundle": str(policy), "timeout": 1e6, "max_age": 5.0, "stop_when_reached": False}
        processes.append(start("policy_node.policy_node", "policy_node", run))
        yield processes


def _begin(ears: _Listener, processes: Sequence[BenchProcess]) -> None:
    end, why = time.monotonic() + _START_LIMIT, ""
    while not (ears.heard("action") and ears.heard("command")):
        dead = [process for process in processes if not process.alive]
        if dead or time.monotonic() > end:
            process = dead[0] if dead else processes[-1]
            raise UserError(f"{process.name} does not run", process.last_line() if dead else why)
        _, why = ears.ask("policy_node/start", _ANSWER_LIMIT)
        time.sleep(1.0)


def _write_video(path: Path, request: SoakRequest) -> Path:
    """Write a video in which something moves over noise, and return its path."""
    rng = np.random.default_rng(0)
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter.fourcc(*"MJPG"), request.rate, (request.width, request.height)
    )
    if not writer.isOpened():
        raise UserError(f"cannot write the video {path}", "check the space on the disk")
    ground = rng.integers(60, 200, (request.height // 8 + 1, request.width // 8 + 1, 3), np.uint8)
    picture = cv2.resize(ground, (request.width, request.height))
    for index in range(_FRAMES):
        frame = picture.copy()
        centre = (int(request.width * (index + 1) / (_FRAMES + 1)), request.height // 2)
        cv2.circle(frame, centre, request.height // 8, (30, 40, 220), -1)
        writer.write(frame)
    writer.release()
    return path
