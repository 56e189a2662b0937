"""What the policy sees: the newest embedding and the joint positions of its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from policy_node.errors import InvalidObservation
from policy_node.policy import JointHistory
from policy_node.policy_config import PolicyConfig
from vip_ros.errors import UserError
from vip_ros.senders import MixedSenders
from vip_ros.streams import StreamStats

# Embeddings to measure the rate by before the policy may start.
_LEAST = 5


@dataclass(frozen=True)
class Observation:
    """Stamp of the image in ns, its embedding [D] and the joint positions of that time [N + S], rad and m."""

    stamp_ns: int
    embedding: NDArray[np.float32]
    q: NDArray[np.float64]


class Observer:
    """Takes the two streams in, and tells whether they are fit to act on.

    An embedding or joint state that is invalid is counted, never used.

    Args:
        config: what the policy needs.
        max_age: s after which the newest message of a stream is stale.
    """

    def __init__(self, config: PolicyConfig, max_age: float) -> None:
        self._config, self._max_age = config, max_age
        self._history = JointHistory(config.observed_joints)
        self._senders = MixedSenders()
        self._names: list[str] = []
        self._encoder = ""
        self.embeddings = StreamStats("embedding", window=3.0)
        self.joint_states = StreamStats("joint_states", window=3.0)
        self.invalid = 0
        self.last_invalid = ""

    def note_joint_state(
        self,
        stamp_ns: int,
        names: Sequence[str],
        positions: Sequence[float],
        now_ns: int,
        number: int | None = None,
    ) -> None:
        """Take a joint state in, with its number at its publisher; after an invalid one there is none.

        That lasts until the next valid one.
        """
        self._names = list(names)
        try:
            if self._senders.note(number, now_ns * 1e-9):
                raise InvalidObservation("several robots send joint states on one topic")
            self._history.add(stamp_ns, names, positions)
        except InvalidObservation as error:
            self._history.clear()
            self._refuse(str(error))
            return
        self.joint_states.tick(stamp_ns, now_ns)

    def note_embedding(self, stamp_ns: int, encoder: str, data: ArrayLike, now_ns: int) -> Observation | None:
        """Take an embedding in; return the observation, or None where no action may follow from it."""
        self._encoder = encoder
        if encoder != self._config.encoder:
            self._refuse(f"embedding of encoder {encoder}, the policy needs {self._config.encoder}")
            return None
        embedding = np.asarray(data, np.float32)
        if embedding.shape != (self._config.embedding_dim,) or not np.isfinite(embedding).all():
            self._refuse("embedding is not finite or has another length")
            return None
        self.embeddings.tick(stamp_ns, now_ns)
        newest = self._history.newest_ns
        if newest is None or abs(stamp_ns - newest) * 1e-9 > self._max_age:
            self.embeddings.drop()
            return None
        return Observation(stamp_ns, embedding, self._history.at(stamp_ns))

    def check_ready(self, now_ns: int) -> None:
        """Raise UserError unless both streams are fresh, fit the policy and come at its rate."""
        self.check_fresh(now_ns)
        if self.embeddings.count < _LEAST:
            raise UserError("too few embeddings yet to know their rate", "wait a moment")
        self._config.check_rate(self.embeddings.summary(now_ns).rate)

    def check_fresh(self, now_ns: int) -> None:
        """Raise UserError unless both streams are fresh and of the policy's encoder and robot."""
        if self._encoder:
            self._config.check_encoder(self._encoder)
        if self._names:
            self._config.check_joints(self._names)
        self._check_stream("embedding", "vip/embedding", self.embeddings, now_ns)
        self._check_stream("joint state", "joint_states", self.joint_states, now_ns)
        if self._history.newest_ns is None:
            raise UserError("the joint state is not valid", self.last_invalid or "see the robot's driver")

    def _check_stream(self, name: str, topic: str, stats: StreamStats, now_ns: int) -> None:
        stamp = stats.last_stamp_ns
        if stamp is None:
            raise UserError(f"no {name} has arrived", f"is {topic} being published?")
        age = (now_ns - stamp) * 1e-9
        if age > self._max_age:
            raise UserError(
                f"the newest {name} is {age:.2f} s old, the limit is {self._max_age:g} s",
                f"is {topic} still being published?",
            )

    def _refuse(self, reason: str) -> None:
        self.invalid += 1
        self.last_invalid = reason
