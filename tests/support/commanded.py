"""Checks of what the guard commanded, as it was heard on franka/joint_command."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sensor_msgs.msg import JointState

from franka_node.limits import RobotLimits

# One message per control period at the default rate, s.
PERIOD = 0.01


def assert_commands_inside(messages: Sequence[JointState], limits: RobotLimits) -> None:
    """Check every command; a sample that the middleware lost leaves a gap that is not one motion."""
    heard = list(messages)  # more may come meanwhile
    size = limits.size
    q = np.array([m.position[:size] for m in heard])
    v = np.array([m.velocity[:size] for m in heard])
    assert (q <= limits.upper).all() and (q >= limits.lower).all()
    assert (np.abs(v) <= limits.velocity).all()
    strayed = np.abs(np.diff(q, axis=0) - PERIOD * (v[1:] + v[:-1]) / 2)
    joined = (strayed < limits.acceleration * PERIOD**2).all(axis=1)
    assert joined.mean() > 0.9
    acceleration = np.diff(v, axis=0)[joined] / PERIOD
    assert (np.abs(acceleration) <= limits.acceleration * (1 + 1e-6)).all()
