"""One generated action stream through the guard: what is sent, what happens meanwhile, what must hold."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
from ruckig import ControlInterface, InputParameter, Ruckig, Synchronization, Trajectory

from franka_node.chunk import ActionChunk
from franka_node.guard import Guard
from franka_node.guard_config import GuardConfig
from franka_node.guard_output import Mode
from franka_node.limits import LIMITS, Array, RobotLimits
from franka_node.motion_check import TOLERANCE, excesses

EPOCH_NS = 1_800_000_000_000_000_000
HORIZON = 8

_BARE = {"position_margin": 0.0, "velocity_scale": 1.0, "acceleration_scale": 1.0, "jerk_scale": 1.0}
# Starts anywhere: the streams are about what follows.
CONFIGS = {
    "bare": GuardConfig(**_BARE, start_threshold=10.0, workspace=False),
    "bare, no blending": GuardConfig(
        **_BARE,
        start_threshold=10.0,
        workspace=False,
        blend=0.0,
        start_blend=0.0,
        # Short enough to run out within a stream.
        image_timeout=0.06,
        embedding_timeout=0.06,
        action_timeout=0.05,
        joint_state_timeout=0.03,
    ),
    "default": GuardConfig(start_threshold=10.0, workspace=False),
    "default, workspace": GuardConfig(start_threshold=10.0, start_blend=0.02),
}

# What a chunk may be, and how often among the chunks of a stream.
CHUNKS = {
    "near": 6,
    "walk": 6,
    "random": 8,
    "spike": 6,
    "bang": 8,
    "edge": 6,
    "beyond": 4,
    "nan": 1,
    "infinite": 1,
    "empty": 1,
    "wrong size": 1,
    "wrong names": 1,
    "other order": 3,
    "late": 2,
    "past": 1,
    "future": 1,
    "repeated stamp": 1,
    "earlier stamp": 1,
    "hasty": 5,
    "slow": 1,
    "final": 1,
    "teleop": 1,
}
# What may happen between chunks, in one of about ten gaps.
EVENTS = (
    "camera off",
    "joint state off",
    "stop",
    "reset",
    "home",
    "late cycle",
    "stall",
    "clock back",
    "lost",
)


@dataclasses.dataclass
class Outcome:
    """What became of a stream: counts by name, the largest excess by check, and what failed."""

    counts: Counter[str]
    worst: dict[str, float]
    failures: list[str]


class Stream:
    """A guard, a robot that follows it, and a random number generator that is against both."""

    def __init__(self, number: int, robot: str, config: GuardConfig) -> None:
        self.rng = rng = np.random.default_rng(number)
        self.limits = LIMITS.get(robot)
        # 100 Hz to 1 kHz, evenly in the logarithm.
        self.dt = float(10.0 ** -rng.uniform(2.0, 3.0))
        self.guard = Guard(self.limits, config, self.dt)
        self.now_ns = EPOCH_NS
        self.live = {"joint_state", "image", "embedding"}
        self.counts: Counter[str] = Counter()
        self.states: list[tuple[list[float], list[float], list[float]]] = []
        self.faults: list[str] = []
        self.breaks: list[int] = []
        self.last_stamp_ns = 0
        # How old the images are that the chunks follow from, s.
        self.age = float(rng.uniform(0.0, 0.15))
        self.guard.update(self.now_ns, self._start(), np.zeros(7))
        self.guard.activate(self._start_q)
        self._record("")
        # Images from before the start do not count.
        self.now_ns += 2 * 10**8

    def _start(self) -> Array:
        limits, rng = self.limits, self.rng
        share = rng.uniform(0.0, 1.0, 7)
        # Every third stream starts with some joints at the very ends.
        if rng.random() < 0.33:
            ends = rng.choice([0.0, 1e-6, 1e-3, 0.02, 0.98, 0.999, 1.0 - 1e-6, 1.0], 7)
            share = np.where(rng.random(7) < 0.4, ends, share)
        self._start_q: Array = np.clip(
            limits.lower + share * (limits.upper - limits.lower), limits.lower, limits.upper
        )
        return self._start_q

    def cycle(self) -> None:
        """One period: the live streams feed, the guard answers, the robot obeys."""
        self.now_ns += round(self.dt * 1e9 * self.rng.uniform(0.9, 1.1))
        for stream in self.live:
            self.guard.note_input(stream, self.now_ns, self.now_ns)
        q = np.array(self.states[-1][0])
        output = self.guard.update(self.now_ns, q, np.zeros(7))
        self._record(output.fault)

    def _record(self, fault: str) -> None:
        self.states.append(self.guard.commanded)
        self.faults.append(fault)

    def send(self, kind: str) -> None:
        """Submit a chunk of some kind."""
        rng, now_ns = self.rng, self.now_ns
        rows, names = self._rows(kind), list(self.limits.joint_names)
        age = {"late": rng.uniform(0.3, 0.7), "past": 0.45, "future": -rng.uniform(0.0, 0.1)}.get(
            kind, self.age + rng.uniform(0.0, 2e-3)
        )
        stamp_ns = now_ns - int(age * 1e9)
        if kind == "repeated stamp":
            stamp_ns = self.last_stamp_ns
        elif kind == "earlier stamp":
            stamp_ns = self.last_stamp_ns - int(rng.integers(1, 10**9))
        step = float(rng.choice([0.02, 0.05, 0.1]))
        step = {
            "hasty": float(rng.choice([1e-4, 0.001, 0.004])),
            "slow": float(rng.choice([1.0, 20.0])),
            "past": 0.01,
        }.get(kind, step)
        if kind == "wrong names":
            names[0] = "joint"
        elif kind == "other order":
            order = rng.permutation(7)
            names, rows = [names[i] for i in order], rows[:, order]
        flat = rows.ravel()[: -1 if kind == "wrong size" else None]
        source = "teleop" if kind == "teleop" else "policy"
        chunk = ActionChunk(stamp_ns, names, step, len(rows), flat, (), source, kind == "final")
        tracking = self.guard.mode == Mode.TRACKING
        refusal = self.guard.submit(chunk, now_ns)
        self.counts["chunk switches in motion"] += tracking and not refusal
        self.last_stamp_ns = max(self.last_stamp_ns, 0 if refusal else stamp_ns)
        self.counts["chunks rejected" if refusal else "chunks followed"] += 1

    def _rows(self, kind: str) -> Array:
        rng, limits = self.rng, self.limits
        here = np.array(self.states[-1][0])
        if kind == "empty":
            return np.zeros((0, 7))
        if kind == "random":
            return rng.uniform(limits.lower, limits.upper, (HORIZON, 7))
        if kind == "beyond":
            return rng.uniform(limits.lower - 3, limits.upper + 3, (HORIZON, 7))
        if kind == "bang":
            # To and fro between the ends, the way that reverses the motion most often.
            phase = (np.arange(HORIZON)[:, None] // rng.integers(1, 5) + rng.integers(0, 2, 7)) % 2
            return np.where(phase == 0, limits.lower, limits.upper)
        if kind == "edge":
            return np.tile(np.where(rng.random(7) < 0.5, limits.lower, limits.upper), (HORIZON, 1))
        rows = here + np.cumsum(rng.normal(0, 0.3 if kind == "walk" else 0.03, (HORIZON, 7)), axis=0)
        if kind == "spike":
            rows[rng.integers(HORIZON)] += rng.choice([-1e3, -5.0, 5.0, 1e3, 1e12], 7)
        elif kind in ("nan", "infinite"):
            bad = np.nan if kind == "nan" else rng.choice([np.inf, -np.inf])
            rows[rng.integers(HORIZON), rng.integers(7)] = bad
        return rows

    def happen(self, event: str) -> None:
        """Let something happen that is no chunk."""
        guard = self.guard
        self.counts[f"event: {event}"] += 1
        if event == "camera off":
            self.live -= {"image", "embedding"}
        elif event == "joint state off":
            self.live.discard("joint_state")
        elif event == "stop":
            guard.stop()
        elif event == "reset":
            if guard.reset() == "":
                self.live = {"joint_state", "image", "embedding"}
        elif event == "home":
            guard.home()
        elif event == "late cycle":
            self.now_ns += int(self.rng.uniform(0.02, 0.3) * 1e9)
        elif event == "stall":
            guard.stalled(1.0)
            # The robot came to rest meanwhile: what follows is another motion.
            self.breaks.append(len(self.states))
            self._record(guard.fault)
        elif event == "clock back":
            self.now_ns -= 10**8
        else:
            guard.trip("driver_lost", "the cable")


def run_stream(number: int, robot: str, config: str) -> Outcome:
    """Run the stream of a number against a table of limits and a configuration of the guard."""
    stream = Stream(number, robot, CONFIGS[config])
    rng, kinds, weights = stream.rng, list(CHUNKS), np.array(list(CHUNKS.values()), dtype=float)
    chunks = int(rng.integers(2, 6))
    eventful = rng.random() < 0.4
    stream.cycle()
    for kind in rng.choice(kinds, chunks, p=weights / weights.sum()):
        stream.send(str(kind))
        if eventful and rng.random() < 0.3:
            stream.happen(str(rng.choice(EVENTS)))
        for _ in range(int(rng.integers(1, 16))):
            stream.cycle()
    stream.guard.stop()
    for _ in range(8):
        stream.cycle()
    return _judge(stream, f"stream {number} ({robot}, {config}, {1 / stream.dt:.0f} Hz)")


def _judge(stream: Stream, name: str) -> Outcome:
    states = np.array(stream.states).transpose(1, 0, 2)
    worst: dict[str, float] = {}
    failures = []
    pieces = np.split(np.arange(states.shape[1]), stream.breaks)
    for limits in (stream.guard.limits, stream.limits):
        for piece in pieces:
            if len(piece) < 2:
                continue
            for found in excesses(limits, stream.dt, *states[:, piece]):
                worst[found.check] = max(found.amount, worst.get(found.check, -np.inf))
                if not found.amount <= TOLERANCE:
                    failures.append(
                        f"{name}: {found.check} {found.amount:.3g} at sample {found.sample + piece[0]}"
                    )
    onsets = [k for k in range(1, len(stream.faults)) if stream.faults[k] and not stream.faults[k - 1]]
    for onset in onsets:
        amount = _off_the_stop(stream, states, onset)
        worst["off the stop"] = max(amount, worst.get("off the stop", 0.0))
        if not amount <= TOLERANCE:
            failures.append(f"{name}: {amount:.3g} rad off the stop after a fault at sample {onset}")
    failures += [f"{name}: {fault}: {stream.guard.fault_detail}" for fault in {*stream.faults} & {"internal"}]
    stream.counts.update(streams=1, samples=states.shape[1], faults=len(onsets))
    stream.counts.update(f"fault: {stream.faults[k]}" for k in onsets)
    stream.counts[f"table: {stream.limits.name}"] += 1
    return Outcome(stream.counts, worst, failures)


def _off_the_stop(stream: Stream, states: Array, onset: int) -> float:
    """Return how far (rad) the samples of a fault are from the fastest stop of the state before it."""
    q, v, a = states[:, onset - 1]
    trajectory, begin, amount = _stop(stream.guard.limits, q, v, a), onset - 1, 0.0
    for k in range(onset, len(stream.faults)):
        if not stream.faults[k]:
            break
        if k in stream.breaks:
            # The robot came to rest while the loop stood still.
            rest = np.zeros_like(q)
            trajectory, begin = _stop(stream.guard.limits, states[0, k - 1], rest, rest), k
        time = min((k - begin) * stream.dt, trajectory.duration)
        amount = max(amount, float(np.abs(states[0, k] - trajectory.at_time(time)[0]).max()))
    return amount


def _stop(limits: RobotLimits, q: Array, v: Array, a: Array) -> Trajectory:
    given = InputParameter(limits.size)
    given.control_interface, given.synchronization = ControlInterface.Velocity, Synchronization.No
    given.current_position, given.current_velocity = q.tolist(), v.tolist()
    given.current_acceleration = a.tolist()
    given.max_velocity, given.max_acceleration = limits.velocity.tolist(), limits.acceleration.tolist()
    given.max_jerk = limits.jerk.tolist()
    given.target_velocity = given.target_acceleration = [0.0] * limits.size
    trajectory = Trajectory(limits.size)
    Ruckig(limits.size).calculate(given, trajectory)
    return trajectory
