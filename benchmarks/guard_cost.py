"""What the guard costs per cycle and how well it tracks: `python benchmarks/guard_cost.py [--rate HZ]`."""

from __future__ import annotations

import argparse
import time

import numpy as np

from franka_node.chunk import ActionChunk
from franka_node.guard import Guard
from franka_node.guard_config import GuardConfig
from franka_node.limits import LIMITS

EPOCH_NS = 1_800_000_000_000_000_000
SWAY = np.array([1, -1, 0.5, -0.5, 1, 1, 1]) * 0.15
LATENCY, STEP, HORIZON, SECONDS = 0.08, 0.1, 8, 6.0


def measure(robot: str, rate: float) -> tuple[np.ndarray, float]:
    """Return the seconds of each update [T] and the rms tracking error (rad) of a smooth sway."""
    limits = LIMITS.get(robot)
    guard = Guard(limits, GuardConfig(), 1.0 / rate)
    home = q = guard.limits.home.copy()
    guard.activate(q)

    def wish(t: float | np.ndarray) -> np.ndarray:
        return home + np.multiply.outer(1 - np.cos(2 * np.pi * 0.3 * np.maximum(t, 0.0)), SWAY)

    costs, errors, sent = [], [], -1
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
        # Time on the processor: what other processes take meanwhile is not the guard's cost.
        begin = time.thread_time()
        output = guard.update(now_ns, q, np.zeros(7))
        costs.append(time.thread_time() - begin)
        assert output.q_command is not None and not output.fault
        q = output.q_command
        errors.append(q - wish(now))
    settled = np.array(errors)[int(rate) :]
    return np.array(costs), float(np.sqrt((settled**2).mean()))


def main() -> None:
    """Print one line per table of limits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=1000.0, help="control rate, Hz")
    rate = parser.parse_args().rate
    for robot in LIMITS.names():
        costs, error = measure(robot, rate)
        p50, p99 = np.percentile(costs, (50, 99)) * 1e6
        period = 1e6 / rate
        print(
            f"{robot:28} p50 {p50:6.1f} us  p99 {p99:6.1f} us ({100 * p99 / period:.0f} % of the period)"
            f"  tracking rms {error * 1e3:.3f} mrad"
        )


if __name__ == "__main__":
    main()
