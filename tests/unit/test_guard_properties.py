"""Whatever arrives, not one sample leaves the limits, and after a fault nothing comes but the stop."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.guard_rig import Rig

from franka_node.guard_config import GuardConfig
from franka_node.guard_output import Mode
from franka_node.limits import LIMITS
from franka_node.motion_check import violations

# The robot's own limits without margins: nothing may hide behind them.
BARE = GuardConfig(
    position_margin=0.0,
    velocity_scale=1.0,
    acceleration_scale=1.0,
    jerk_scale=1.0,
    start_threshold=10.0,
    workspace=False,
)
CONFIGS = {
    "bare": BARE,
    "default": GuardConfig(start_threshold=10.0, workspace=False),
    "workspace": GuardConfig(start_threshold=10.0),
}

KINDS = (
    "near",
    "random",
    "spike",
    "edge",
    "nan",
    "empty",
    "late",
    "future",
    "reordered",
    "final",
    "hasty",
    "silence",
    "camera off",
    "camera on",
    "stop",
    "reset",
    "home",
    "stall",
)

events = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 2**32 - 1), st.integers(0, 25)), min_size=1, max_size=30
)


def positions(rig: Rig, kind: str, rng: np.random.Generator) -> np.ndarray:
    limits = rig.guard.robot
    rows = rig.q + np.cumsum(rng.normal(0, 0.05, (8, 7)), axis=0)
    if kind == "random":
        rows = rng.uniform(limits.lower - 1, limits.upper + 1, (8, 7))
    elif kind == "spike":
        rows[rng.integers(8)] += rng.choice([-1e3, -5.0, 5.0, 1e3, 1e12], 7)
    elif kind == "edge":
        rows[:] = np.where(rng.random(7) < 0.5, limits.lower, limits.upper)
    elif kind == "nan":
        rows[rng.integers(8), rng.integers(7)] = rng.choice([np.nan, np.inf, -np.inf])
    elif kind == "empty":
        rows = rows[:0]
    return rows


def send(rig: Rig, kind: str, rng: np.random.Generator) -> None:
    age = {"late": rng.uniform(0.3, 0.7), "future": -rng.uniform(0, 0.1)}.get(kind, rng.uniform(0, 0.15))
    names = list(rig.guard.robot.joint_names)
    if kind == "reordered":
        rng.shuffle(names)
    step = float(rng.choice([1e-4, 0.001, 0.004] if kind == "hasty" else [0.02, 0.05, 0.1]))
    rows = positions(rig, kind, rng)
    rig.submit(rows, age=age, joint_names=names, step_duration=step, final=kind == "final")


def play(rig: Rig, kind: str, rng: np.random.Generator) -> None:
    if kind == "camera off":
        rig.live.difference_update({"image", "embedding"})
    elif kind == "camera on":
        rig.live.update({"image", "embedding"})
    elif kind == "stop":
        rig.guard.stop()
    elif kind == "reset":
        rig.guard.reset()
    elif kind == "home":
        rig.guard.home()
    elif kind == "stall":
        rig.time += rng.uniform(0.02, 0.3)
    elif kind != "silence":
        send(rig, kind, rng)


def assert_only_the_stop_follows_a_fault(rig: Rig) -> None:
    faults = np.array([bool(output.fault) for output in rig.outputs])
    commands, limits = rig.commands, rig.guard.limits
    longest = (limits.velocity / limits.acceleration + 2 * limits.acceleration / limits.jerk).max() + rig.dt
    moved = np.abs(np.diff(commands, axis=0)).max(axis=1) > 0
    for begin in np.flatnonzero(faults[1:] & ~faults[:-1]) + 1:
        following = faults[begin:]
        length = int(following.argmin()) if not following.all() else following.size
        rest = begin + int(np.ceil(longest / rig.dt)) + 1
        assert not moved[rest : begin + length - 1].any(), "it moves on after the stop"


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("robot", LIMITS.names())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(script=events, dt=st.sampled_from([0.01, 0.01, 0.004, 0.001]), seed=st.integers(0, 1000))
def test_no_stream_of_chunks_leads_out_of_the_limits(robot, config, script, dt, seed):
    rig = Rig(robot, dt, CONFIGS[config])
    limits = rig.guard.limits
    rig.q = np.random.default_rng(seed).uniform(limits.lower, limits.upper)
    rig.guard.restart(rig.q)
    rig.cycle()
    for kind, event_seed, pause in script:
        play(rig, kind, np.random.default_rng(event_seed))
        for _ in range(pause + 1):
            rig.cycle()
    rig.guard.stop()
    rig.run_until(Mode.FAULT, 3.0)
    rig.run(3 * dt)
    motion = np.array(rig.states).transpose(1, 0, 2)
    assert violations(limits, dt, *motion) == []
    assert violations(rig.guard.robot, dt, *motion) == []
    assert_only_the_stop_follows_a_fault(rig)
    assert "internal" not in {output.fault for output in rig.outputs}
