"""One video to embeddings: decoding the next frames while the encoder works on these."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vip_models.ahead import batches_ahead
from vip_models.window import FrameStream
from vip_reward_node.footage import FootageLike
from vip_reward_node.protocols import EncoderLike
from vip_reward_node.thumbnails import Thumbnails
from vip_reward_node.video import TimedFrame
from vip_ros.errors import UserError

# Five as well as seven of them are evenly spaced.
STRIP = 13


@dataclass(frozen=True)
class Encoding:
    """One video after the encoder.

    Args:
        source: the file or folder it came from.
        expected: frames that the file says it holds; 0 when it does not say.
        embeddings: float32 [T, D].
        stamps: seconds since the first frame [T].
        seconds: wall time that decoding and encoding took together.
        rate: frames per second of the video, Hz.
        strip: a few small frames, evenly spaced, the first and the last among them.
    """

    source: Path
    expected: int
    embeddings: np.ndarray
    stamps: np.ndarray
    seconds: float
    rate: float
    strip: Sequence[TimedFrame] = ()


def encode_footage(
    footage: FootageLike,
    encoder: EncoderLike,
    batch_size: int = 8,
    progress: Callable[[int], None] | None = None,
) -> Encoding:
    """Encode every frame, decoding and resizing the next batches while the encoder works on this one.

    Args:
        footage: the video.
        encoder: the encoder.
        batch_size: frames per run of the encoder.
        progress: called with the number of frames done after each batch.

    Raises:
        UserError: fewer than two frames, or one that cannot be decoded.
    """
    started = time.perf_counter()
    stream = FrameStream(encoder)
    embeddings: list[np.ndarray] = []
    stamps: list[float] = []
    strip = Thumbnails()
    for batch, prepared in batches_ahead(iter(footage), batch_size, lambda b: stream.prepare(_pixels(b))):
        embeddings.append(stream.embed(prepared, batch_size))
        for frame in batch:
            stamps.append(frame.stamp)
            strip.add(frame)
        if progress is not None:
            progress(len(stamps))
    if len(stamps) < 2:
        raise UserError(
            f"{footage.path} holds {len(stamps)} frame(s) that can be decoded", "a reward needs two or more"
        )
    return Encoding(
        footage.path,
        footage.expected,
        np.concatenate(embeddings),
        np.array(stamps),
        time.perf_counter() - started,
        footage.rate,
        strip.pick(STRIP),
    )


def _pixels(batch: Sequence[TimedFrame]) -> list[np.ndarray]:
    return [frame.rgb for frame in batch]
