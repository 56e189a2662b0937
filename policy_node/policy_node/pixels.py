"""Plain pixels in the place of an embedding, for a network that learns to see from demonstrations alone."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vip_models.card import EncoderCard

NAME = "pixels"
HEIGHT, WIDTH = 48, 64


class PixelEncoder:
    """Scales pictures down and lays their values side by side.

    Attributes:
        id: never changes: there are no weights.
        card: its name and size.
    """

    id = f"{NAME}@{HEIGHT:06d}{WIDTH:06d}"
    card = EncoderCard(name=NAME, dim=HEIGHT * WIDTH * 3)

    def encode(self, frames: NDArray[np.uint8], batch_size: int = 8) -> NDArray[np.float32]:
        """Map uint8 [T, H, W, 3] RGB to float32 [T, 48 * 64 * 3] from 0 to 1; batches make no difference."""
        small = [cv2.resize(frame, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) for frame in frames]
        return np.stack(small).reshape(len(frames), -1).astype(np.float32) / 255.0
