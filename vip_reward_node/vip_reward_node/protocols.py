"""What the reward needs of an encoder and of a goal (vip_models has both)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vip_models.card import EncoderCard
from vip_models.goals import Subgoals


class EncoderLike(Protocol):
    """From frames to embeddings."""

    id: str
    card: EncoderCard

    def encode(self, frames: np.ndarray, batch_size: int = 8) -> np.ndarray:
        """Return embeddings float32 [T, D] of frames uint8 [T, H, W, 3] RGB."""

    def encode_text(self, sentences: Sequence[str]) -> np.ndarray:
        """Return embeddings float32 [N, D] of sentences; raises UserError where there is no text tower."""


class GoalLike(Protocol):
    """What the distance is measured to, how, and when it counts as reached."""

    @property
    def embedding(self) -> NDArray[np.float32]:
        """Embedding of the goal image [D]."""

    @property
    def threshold(self) -> float | None:
        """Distance at or below which the goal is reached; None: it has no such distance."""

    @property
    def metric(self) -> str:
        """How distances are measured: l2 or cosine."""

    @property
    def subgoals(self) -> Subgoals | None:
        """The stages on the way, or None."""
