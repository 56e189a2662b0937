"""A guard with a robot that does what it is told, a clock the test moves, and a record of every sample."""

from __future__ import annotations

import numpy as np

from franka_node.chunk import ActionChunk
from franka_node.guard import Guard
from franka_node.guard_config import GuardConfig
from franka_node.guard_output import GuardOutput, Mode
from franka_node.limits import LIMITS, RobotLimits
from franka_node.ros2_control.coasting import Coasting

EPOCH_NS = 1_800_000_000_000_000_000
CAMERA = ("image", "embedding")


class Rig:
    """Runs one guard in made-up time, starting from the home posture."""

    def __init__(
        self,
        robot: str = "fer",
        dt: float = 0.01,
        config: GuardConfig | None = None,
        coasting: Coasting | None = None,
    ) -> None:
        self.dt, self.time = dt, 0.0
        self.guard = Guard(LIMITS.get(robot), config or GuardConfig(), dt, coasting)
        self.q = self.guard.limits.home.copy()
        self.live = {"joint_state", *CAMERA}
        self.outputs: list[GuardOutput] = []
        self.states: list[tuple[list[float], list[float], list[float]]] = []
        self.guard.activate(self.q)

    @property
    def now_ns(self) -> int:
        return EPOCH_NS + round(self.time * 1e9)

    @property
    def mode(self) -> Mode:
        return self.guard.mode

    def cycle(self) -> GuardOutput:
        """One period: the live streams feed, the guard answers, the robot obeys."""
        self.time += self.dt
        for stream in self.live:
            self.guard.note_input(stream, self.now_ns, self.now_ns)
        output = self.guard.update(self.now_ns, self.q, np.zeros(self.q.size))
        if output.q_command is not None:
            self.q = output.q_command
            self.states.append(self.guard.commanded)
        self.outputs.append(output)
        return output

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / self.dt)):
            self.cycle()

    def run_until(self, mode: Mode, limit: float = 5.0) -> None:
        end = self.time + limit
        while self.mode != mode:
            assert self.time < end, f"still {self.mode.name} after {limit} s"
            self.cycle()

    def chunk(self, rows: object = None, age: float = 0.0, **changes: object) -> ActionChunk:
        """A chunk of 8 points 0.1 s apart; by default it moves joint 1 by 0.1 rad."""
        if rows is None:
            rows = np.tile(self.q + np.eye(7)[0] * 0.1, (8, 1))
        rows = np.asarray(rows, dtype=float)
        fields = {
            "stamp_ns": self.now_ns - round(age * 1e9),
            "joint_names": self.guard.robot.joint_names,
            "step_duration": 0.1,
            "horizon": len(rows),
            "positions": rows.ravel(),
            **changes,
        }
        return ActionChunk(**fields)  # type: ignore[arg-type]

    def submit(self, rows: object = None, **changes: object) -> str:
        return self.guard.submit(self.chunk(rows, **changes), self.now_ns)

    def follow(self, wish, seconds: float, period: float = 0.1, age: float = 0.05) -> None:
        """Send chunks of a wish(time) -> q [7] as a policy would, once per period."""
        next_chunk, end = self.time, self.time + seconds
        while self.time < end:
            self.cycle()
            if self.time >= next_chunk:
                next_chunk += period
                origin = self.time - age
                rows = [wish(origin + (k + 1) * 0.1) for k in range(8)]
                assert self.submit(rows, age=age) == ""

    @property
    def commands(self) -> np.ndarray:
        """Every commanded sample so far [T, 7]."""
        return np.array([o.q_command for o in self.outputs if o.q_command is not None])


def assert_inside(commands: np.ndarray, dt: float, limits: RobotLimits, tolerance: float = 1e-6) -> None:
    """Check samples [T, 7] of one motion, its differences too, against every limit."""
    assert np.isfinite(commands).all()
    assert (commands <= limits.upper + tolerance).all(), "position above the limit"
    assert (commands >= limits.lower - tolerance).all(), "position below the limit"
    velocity = np.diff(commands, axis=0) / dt
    low, high = limits.velocity_bounds(commands)
    # Between two samples the looser of the two bounds holds somewhere.
    assert (velocity <= np.maximum(high[1:], high[:-1]) + tolerance).all(), "velocity above the limit"
    assert (velocity >= np.minimum(low[1:], low[:-1]) - tolerance).all(), "velocity below the limit"
    acceleration = np.diff(velocity, axis=0) / dt
    assert (np.abs(acceleration) <= limits.acceleration * (1 + tolerance) + tolerance).all(), "acceleration"
    jerk = np.diff(acceleration, axis=0) / dt
    assert (np.abs(jerk) <= limits.jerk * (1 + tolerance) + 1e-3).all(), "jerk"
