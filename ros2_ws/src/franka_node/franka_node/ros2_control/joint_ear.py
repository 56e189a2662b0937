"""Measured joints out of sensor_msgs/JointState, whatever their order."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from sensor_msgs.msg import JointState

from franka_node.limits import Array
from vip_ros import stamps


class JointEar:
    """Keeps the newest measured values of some joints; safe to use from several threads.

    Args:
        names: of the joints, in the order wanted.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self._order: tuple[list[str], list[int]] = ([], [])
        self._newest: tuple[int, Array, Array] | None = None
        self._arrived = threading.Event()
        self.heard: list[str] = []

    @property
    def newest(self) -> tuple[int, Array, Array] | None:
        """The newest (stamp ns, positions [N], velocities [N]), or None before the first."""
        return self._newest

    def wait(self, limit: float) -> bool:
        """Wait for the first complete message; return whether it came within limit s."""
        return self._arrived.wait(limit)

    def forget(self) -> None:
        """Wait for a first message anew."""
        self._arrived.clear()
        self._newest = None

    def hear(self, message: JointState) -> None:
        """Take a message; one that lacks a joint is left out, other joints in it are ignored."""
        names = list(message.name)
        if names != self._order[0]:
            self.heard = names
            if not set(self.names) <= set(names):
                return
            self._order = (names, [names.index(name) for name in self.names])
        indices = self._order[1]
        position = np.asarray(message.position, dtype=np.float64)
        if position.size != len(names):
            return
        stamp_ns, q = stamps.to_ns(message.header.stamp), position[indices]
        velocity = np.asarray(message.velocity, dtype=np.float64)
        dq = velocity[indices] if velocity.size == len(names) else self._difference(stamp_ns, q)
        self._newest = (stamp_ns, q, dq)
        self._arrived.set()

    def _difference(self, stamp_ns: int, q: Array) -> Array:
        """Return velocities for a publisher that gives none."""
        if self._newest is None or stamp_ns <= self._newest[0]:
            return np.zeros_like(q)
        return (q - self._newest[1]) / ((stamp_ns - self._newest[0]) * 1e-9)
