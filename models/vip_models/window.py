"""Encoders that look at the last few frames of a video: the frames before the first are the first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np


class FrameWindow:
    """The last frames of a video, so that its frames may come one by one or many at once.

    Args:
        length: frames that an encoder looks at together.
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self._past: np.ndarray | None = None

    def push(self, frames: np.ndarray) -> np.ndarray:
        """Take the next frames of the video [N,...] and return [N,length,...].

        Row i holds the `length` frames that end with frame i, oldest first. What is missing before the first
        frame of the video is that frame, repeated: one picture alone is seen as a video that stands still.
        """
        if not len(frames):
            return np.empty((0, self.length, *frames.shape[1:]), frames.dtype)
        if self._past is None:
            self._past = np.repeat(frames[:1], self.length - 1, axis=0)
        run = np.concatenate((self._past, frames))
        self._past = run[len(run) - self.length + 1 :]
        return np.stack([run[start : start + self.length] for start in range(len(frames))])

    def reset(self) -> None:
        """Forget the frames: the next one begins a video."""
        self._past = None


class WindowedEncoder(Protocol):
    """What a stream needs of an encoder; one that looks at single frames needs no window."""

    def encode(self, frames: np.ndarray, batch_size: int = 8) -> np.ndarray:
        """Return embeddings float32 [T,D] of frames uint8 [T,H,W,3] RGB."""


class FrameStream:
    """Encodes one video as its frames come; how they are portioned makes no difference.

    Args:
        encoder: whose `window`, where it has one, says how many frames it looks at.
    """

    def __init__(self, encoder: WindowedEncoder) -> None:
        self._encoder = encoder
        length = getattr(encoder, "window", 1)
        self._more = {"past": FrameWindow(length)} if length > 1 else {}
        self._begins = False

    def encode(self, frames: np.ndarray, batch_size: int = 8) -> np.ndarray:
        """Return embeddings float32 [T,D] of the video's next frames uint8 [T,H,W,3] RGB."""
        return self.embed(self.prepare(frames), batch_size)

    def prepare(self, frames: np.ndarray | Sequence[np.ndarray]) -> np.ndarray:
        """Do the half of encode that takes each frame by itself; any thread may, in any order."""
        prepare = getattr(self._encoder, "prepare", None)
        return np.asarray(frames) if prepare is None else prepare(frames)

    def embed(self, prepared: np.ndarray, batch_size: int = 8) -> np.ndarray:
        """Do the other half: what prepare made of the video's next frames → embeddings float32 [T,D]."""
        if self._begins:
            self._begins = False
            for window in self._more.values():
                window.reset()
        embed = getattr(self._encoder, "embed", self._encoder.encode)
        return embed(prepared, batch_size, **self._more)

    def reset(self) -> None:
        """Begin another video with the next frame; any thread may call this while another encodes."""
        self._begins = True
