"""The policy at work: from an embedding and joint positions to a chunk of joint targets."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from policy_node.bundle import Bundle
from policy_node.errors import InvalidObservation


@dataclass(frozen=True)
class ActionChunk:
    """A short horizon of joint position targets; point k is due (k + 1) * step_duration after the image.

    Attributes:
        positions: rad, float64 [H, N].
        gripper: opening width, m, float64 [H]; None leaves the gripper as it is.
        step_duration: s.
    """

    positions: NDArray[np.float64]
    gripper: NDArray[np.float64] | None
    step_duration: float

    def at(self, elapsed: float) -> NDArray[np.float64]:
        """Return the target [N] at that many s after the image: linear between points, held outside."""
        times = self.step_duration * np.arange(1, len(self.positions) + 1)
        return np.array([np.interp(elapsed, times, column) for column in self.positions.T])

    def gripper_at(self, elapsed: float) -> float | None:
        """Return the gripper's target width, m, at that many s after the image."""
        if self.gripper is None:
            return None
        times = self.step_duration * np.arange(1, len(self.gripper) + 1)
        return float(np.interp(elapsed, times, self.gripper))

    def resting(self, elapsed: float) -> ActionChunk:
        """Return the chunk of the same stamp that goes on as planned until `elapsed` s, then rests there."""
        times = self.step_duration * np.arange(1, len(self.positions) + 1)
        until = np.minimum(times, elapsed)
        positions = np.stack([self.at(moment) for moment in until])
        if self.gripper is None:
            return ActionChunk(positions, None, self.step_duration)
        return ActionChunk(positions, np.interp(until, times, self.gripper), self.step_duration)


class Policy:
    """A policy bundle ready to act.

    Args:
        bundle: the loaded bundle.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.config = bundle.config
        self._network = bundle.network

    def act(self, embedding: ArrayLike, q: ArrayLike) -> ActionChunk:
        """Return the chunk that follows from one observation.

        Args:
            embedding: φ(o), [D].
            q: joint positions at the time of the image, rad, followed by those of the senses, m, [N + S].

        Raises:
            InvalidObservation: NaN or infinity, or a wrong length.
        """
        features = _vector("embedding", embedding, self.config.embedding_dim)
        seen = _vector("joint state", q, len(self.config.observed_joints))
        output = self._network(np.concatenate([features, seen]).astype(np.float32))
        action = output.astype(np.float64).reshape(self.config.horizon, self.config.action_size)
        joints = len(self.config.joints)
        gripper = np.maximum(action[:, joints], 0.0) if self.config.gripper else None
        return ActionChunk(seen[:joints] + action[:, :joints], gripper, self.config.step_duration)

    def warm_up(self) -> None:
        """Run once, so that the first real call is not the slow one."""
        self.act(np.zeros(self.config.embedding_dim), np.zeros(len(self.config.observed_joints)))


class JointHistory:
    """The last joint states, so that an embedding meets the joint positions of its own image.

    Args:
        joints: names to keep, in this order, [N].
        capacity: messages kept; a second at 100 Hz is plenty for the age of an embedding.
    """

    def __init__(self, joints: Sequence[str], capacity: int = 200) -> None:
        self._joints = list(joints)
        self._states: deque[tuple[int, NDArray[np.float64]]] = deque(maxlen=capacity)

    def add(self, stamp_ns: int, names: Sequence[str], positions: Sequence[float]) -> None:
        """Note one joint state; one older than the newest (a restarted clock) clears the history.

        Raises:
            InvalidObservation: a joint is missing, or a position is not finite.
        """
        named = dict(zip(names, positions, strict=False))
        missing = [joint for joint in self._joints if joint not in named]
        if missing:
            raise InvalidObservation(f"joint state lacks '{missing[0]}'")
        values = _vector("joint state", [named[joint] for joint in self._joints], len(self._joints))
        if self._states and stamp_ns < self._states[-1][0]:
            self._states.clear()
        self._states.append((stamp_ns, values))

    def clear(self) -> None:
        """Forget every state."""
        self._states.clear()

    @property
    def newest_ns(self) -> int | None:
        """Stamp of the newest state, or None."""
        return self._states[-1][0] if self._states else None

    def at(self, stamp_ns: int) -> NDArray[np.float64]:
        """Return the positions [N] at that time: linear between states, the nearest state outside.

        Raises:
            InvalidObservation: there is no state yet.
        """
        if not self._states:
            raise InvalidObservation("no joint state yet")
        later = self._states[-1]
        if stamp_ns >= later[0]:
            return later[1]
        for earlier in reversed(self._states):
            if earlier[0] <= stamp_ns:
                share = (stamp_ns - earlier[0]) / (later[0] - earlier[0])
                return earlier[1] + share * (later[1] - earlier[1])
            later = earlier
        return later[1]


class RateLimiter:
    """Picks from a faster stream the items that make up a slower rate, without drift.

    Args:
        rate: Hz.
        slack: share of the period by which an item may come early.
    """

    def __init__(self, rate: float, slack: float = 0.25) -> None:
        self._period = int(1e9 / rate)
        self._slack = int(slack * self._period)
        self._due = self._passed = 0
        self._fresh = True

    def reset(self) -> None:
        """Let the next item pass."""
        self._fresh = True

    def passes(self, stamp_ns: int) -> bool:
        """Tell whether the item of that stamp is one of the slower stream."""
        stepped_back = stamp_ns < self._passed
        if not self._fresh and not stepped_back and stamp_ns < self._due - self._slack:
            return False
        # After a pause the schedule starts anew rather than catching up.
        anew = self._fresh or stepped_back or stamp_ns >= self._due + self._period
        self._due = (stamp_ns if anew else self._due) + self._period
        self._passed, self._fresh = stamp_ns, False
        return True


def _vector(name: str, values: ArrayLike, length: int) -> NDArray[np.float64]:
    vector = np.asarray(values, np.float64)
    if vector.shape != (length,):
        raise InvalidObservation(f"{name} has shape {vector.shape}, not ({length},)")
    if not np.isfinite(vector).all():
        raise InvalidObservation(f"{name} is not finite")
    return vector
