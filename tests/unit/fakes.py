"""Encoders that need no weights."""

from __future__ import annotations

import numpy as np

from vip_models.card import EncoderCard


class MeanColour:
    """An encoder whose embedding is the mean colour of the frame, [3]."""

    card = EncoderCard(dim=3)

    def __init__(self, name: str = "mean-colour", scale: float = 1.0) -> None:
        self.id = f"{name}@000000000000"
        self.batches: list[int] = []
        self._scale = np.float32(scale)

    def encode(self, frames: np.ndarray, batch_size: int = 8) -> np.ndarray:
        self.batches.append(len(frames))
        return frames.mean(axis=(1, 2)).astype(np.float32) * self._scale


class Reader(MeanColour):
    """The same with a text tower: a sentence is the colour it names."""

    card = EncoderCard(dim=3, text=True, metric="cosine")
    _COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}

    def encode_text(self, texts: list[str]) -> np.ndarray:
        return np.array([self._COLOURS[text.split()[-1]] for text in texts], np.float32)


class FourFrames(MeanColour):
    """An encoder that sees the last four frames: their mean colour, scaled to the frames' number."""

    window = 4

    def encode(self, frames: np.ndarray, batch_size: int = 8, past: object = None) -> np.ndarray:
        from vip_models.window import FrameWindow

        windows = (past or FrameWindow(self.window)).push(frames)
        return windows.mean(axis=(1, 2, 3)).astype(np.float32)
