"""The checker of sampled motion finds what breaks a limit, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from franka_node.limits import FER, FR3
from franka_node.motion_check import violations

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
DT = 0.01


def motion(joint: int = 0, jerk: float = 0.0, velocity: float = 0.0, samples: int = 20):
    """Positions, velocities and accelerations [T, 7] of one joint at constant jerk from a velocity."""
    t = DT * np.arange(samples)[:, None]
    unit = np.eye(7)[joint]
    q = FER.home + (velocity * t + jerk * t**3 / 6) * unit
    return q, (velocity + jerk * t**2 / 2) * unit, jerk * t * unit


def test_motion_inside_every_limit_passes():
    assert violations(FER, DT, *motion(velocity=2.0)) == []
    assert violations(FER, DT, *motion(jerk=FER.acceleration[0] / (20 * DT))) == []


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (lambda q, v, a: (q + np.linspace(0, 5, 20)[:, None], v, a), "position"),
        (lambda q, v, a: (q, v + 3.0, a), "velocity"),
        (lambda q, v, a: (q + 0.03 * np.eye(20, 7, -5), v, a), "mean velocity"),
        (lambda q, v, a: (q, v + 0.2 * np.eye(20, 7, -5), a), "mean acceleration"),
        (lambda q, v, a: (q, v, a + 16.0), "acceleration"),
        (lambda q, v, a: (q + 0.002 * np.eye(20, 7, -5), v, a), "second difference"),
        (lambda q, v, a: (q, v, a + 80.0 * np.eye(20, 7, -5)), "jerk"),
        (lambda q, v, a: (q, v + 1.0, a), "continuity of position"),
        (lambda q, v, a: (q, v, a + 50.0), "continuity of velocity"),
        (lambda q, v, a: (q * np.nan, v, a), "not finite"),
    ],
)
def test_each_way_to_break_a_limit_is_found(change, check):
    found = violations(FER, DT, *change(*motion(velocity=0.1)))
    assert any(check in line for line in found)


def test_a_joint_that_begins_outside_may_come_in():
    q, v, a = motion(velocity=-0.1)
    assert violations(FER, DT, q + 5.0, v, a) == []


def test_the_velocity_curve_of_the_fr3_counts():
    q = np.tile(FR3.upper - 0.05, (5, 1))
    v, a = np.full((5, 7), 0.5), np.zeros((5, 7))
    assert any("velocity: fr3_joint1" in line for line in violations(FR3, DT, q, v, a))


# Stream 70413 once ended with a rest of acceleration that was dropped faster than the jerk allows.
@pytest.mark.parametrize(("streams", "seed"), [("96", "7000000"), ("1", "70413")])
def test_generated_streams_keep_the_limits_and_the_command_says_so(streams, seed):
    command = [sys.executable, "guard_fuzz.py", "--streams", streams, "--seed", seed]
    done = subprocess.run(command, cwd=BENCHMARKS, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{streams} streams" in done.stdout and "\n0 failures" in done.stdout
