"""What the reward needs of an encoder and of a goal (vip_models has both)."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class EncoderLike(Protocol):
    """From frames to embeddings."""

    id: str

    def encode(self, frames: np.ndarray, batch_size: int = 8) -> np.ndarray:
        """Return embeddings float32 [T, D] of frames uint8 [T, H, W, 3] RGB."""


class GoalLike(Protocol):
    """What the distance is measured to, and below which distance it counts as reached."""

    @property
    def embedding(self) -> NDArray[np.float32]:
        """Embedding of the goal image [D]."""

    @property
    def threshold(self) -> float | None:
        """Distance at or below which the goal is reached; None: it has no such distance."""
