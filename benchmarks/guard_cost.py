"""What the guard costs per cycle and how well it tracks: `python benchmarks/guard_cost.py [--rate HZ]`."""

from __future__ import annotations

import argparse
import dataclasses
import gc
import time
from collections.abc import Callable

import numpy as np

from franka_node.chunk import ActionChunk
from franka_node.guard import Guard
from franka_node.guard_config import GuardConfig
from franka_node.limits import LIMITS

EPOCH_NS = 1_800_000_000_000_000_000
SWAY = np.array([1, -1, 0.5, -0.5, 1, 1, 1]) * 0.15
RULER = [0.5] * 1000
LATENCY, STEP, HORIZON, SECONDS = 0.08, 0.1, 8, 6.0


@dataclasses.dataclass(frozen=True)
class Figures:
    """One run: seconds of each update on the processor and on the wall [T], rms error (rad), delay (s).

    The ruler is a loop that always does the same: its spread is the machine's, not the guard's.
    """

    cpu: np.ndarray
    wall: np.ndarray
    ruler: np.ndarray
    error: float
    delay: float


def measure(robot: str, rate: float) -> Figures:
    """Let the guard follow a smooth sway, sent in chunks as a policy would."""
    limits = LIMITS.get(robot)
    guard = Guard(limits, GuardConfig(), 1.0 / rate)
    home = q = guard.limits.home.copy()
    guard.activate(q)

    def wish(t: float | np.ndarray) -> np.ndarray:
        return home + np.multiply.outer(1 - np.cos(2 * np.pi * 0.3 * np.maximum(t, 0.0)), SWAY)

    cpu, wall, ruler, followed, sent = [], [], [], [], -1
    for k in range(int(SECONDS * rate)):
        now = k / rate
        now_ns = EPOCH_NS + round(now * 1e9)
        for stream in ("joint_state", "image", "embedding"):
            guard.note_input(stream, now_ns, now_ns)
        if now >= LATENCY and int((now - LATENCY) / STEP) > sent:
            sent = int((now - LATENCY) / STEP)
            rows = wish(sent * STEP + STEP * np.arange(1, HORIZON + 1))
            stamp_ns = EPOCH_NS + round(sent * STEP * 1e9) + 1
            guard.submit(ActionChunk(stamp_ns, limits.joint_names, STEP, HORIZON, rows.ravel()), now_ns)
        begin, begin_wall = time.thread_time(), time.perf_counter()
        output = guard.update(now_ns, q, np.zeros(7))
        cpu.append(time.thread_time() - begin)
        wall.append(time.perf_counter() - begin_wall)
        begin = time.thread_time()
        sum(abs(x) for x in RULER)
        ruler.append(time.thread_time() - begin)
        assert output.q_command is not None and not output.fault
        q = output.q_command
        followed.append(q)
    times = np.arange(int(SECONDS * rate)) / rate
    error, delay = _tracking(np.array(followed)[int(rate) :], wish, times[int(rate) :])
    return Figures(np.array(cpu), np.array(wall), np.array(ruler), error, delay)


def _tracking(
    followed: np.ndarray, wish: Callable[[np.ndarray], np.ndarray], times: np.ndarray
) -> tuple[float, float]:
    """Return the rms error (rad) and the delay (s) that explains most of it: error = -delay * velocity."""
    error = followed - wish(times)
    velocity = np.gradient(wish(times), times, axis=0)
    return float(np.sqrt((error**2).mean())), float(-(error * velocity).sum() / (velocity**2).sum())


def main() -> None:
    """Print one line per table of limits: the quietest of some runs, by its p99."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=1000.0, help="control rate, Hz")
    parser.add_argument("--runs", type=int, default=3, help="runs, of which the quietest is told")
    arguments = parser.parse_args()
    # As the control loop does: what is there stays, and is no garbage.
    gc.collect()
    gc.freeze()
    for robot in LIMITS.names():
        runs = [measure(robot, arguments.rate) for _ in range(arguments.runs)]
        best = min(runs, key=lambda run: float(np.percentile(run.cpu, 99)))
        p50, p99 = np.percentile(best.cpu, (50, 99)) * 1e6
        wall = np.percentile(best.wall, 99) * 1e6
        spread = float(np.divide(*np.percentile(best.ruler, (99, 50))))
        share = p99 * arguments.rate / 1e4
        print(
            f"{robot:27} p50 {p50:4.0f} us  p99 {p99:4.0f} us = {share:.1f} % of the period"
            f" (wall {wall:.0f} us; ruler: p99 {spread:.1f} x p50)  tracking rms {best.error * 1e3:.3f} mrad,"
            f" delay {best.delay * 1e3:.2f} ms"
        )
    gc.unfreeze()


if __name__ == "__main__":
    main()
