"""The policy at work: from an embedding and joint positions to a chunk of joint targets."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from policy_node.bundle import Bundle
from policy_node.chunks import ActionChunk
from policy_node.ensembling import Ensemble
from policy_node.errors import InvalidObservation
from policy_node.gripper import HandSwitch


class Policy:
    """A policy bundle ready to act.

    Args:
        bundle: the loaded bundle.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.config = bundle.config
        self._network = bundle.network
        self._ensemble = Ensemble(bundle.config.ensemble)
        self._hand = HandSwitch(bundle.config.two_widths) if bundle.config.two_widths else None
        self._first: NDArray[np.float64] | None = None

    def reset(self) -> None:
        """Forget the run before: the next observation begins another."""
        self._ensemble.reset()
        if self._hand is not None:
            self._hand.reset()
        self._first = None

    def act(self, embedding: ArrayLike, q: ArrayLike, time: float | None = None) -> ActionChunk:
        """Return the chunk that follows from one observation.

        Args:
            embedding: φ(o), [D].
            q: joint positions at the time of the image, rad, followed by those of the senses, m, [N + S].
            time: of the image, s; without it, earlier chunks do not count in this one.

        Raises:
            InvalidObservation: NaN or infinity, or a wrong length.
        """
        features = _vector("embedding", embedding, self.config.embedding_dim)
        seen = _vector("joint state", q, len(self.config.observed_joints))
        if self._first is None:
            self._first = features
        pictures = [features, self._first] if self.config.first_embedding else [features]
        output = self._network(np.concatenate([*pictures, seen]).astype(np.float32))
        action = output.astype(np.float64).reshape(self.config.horizon, self.config.action_size)
        joints = len(self.config.joints)
        gripper = np.maximum(action[:, joints], 0.0) if self.config.gripper else None
        chunk = ActionChunk(seen[:joints] + action[:, :joints], gripper, self.config.step_duration)
        blended = chunk if time is None else self._ensemble.blend(time, chunk)
        if self._hand is None or blended.gripper is None:
            return blended
        return replace(blended, gripper=self._hand.settle(blended.gripper))

    def warm_up(self) -> None:
        """Run once, so that the first real call is not the slow one."""
        self.act(np.zeros(self.config.embedding_dim), np.zeros(len(self.config.observed_joints)))
        self.reset()


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
