"""Embeddings of episodes, computed once per content and encoder."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from policy_node.cache import cache_folder, write_to_cache
from vip_models.card import EncoderCard
from vip_teleop.episode import BAG_FILE
from vip_teleop.episode_reader import EpisodeReader

Floats = NDArray[np.float32]
Embedded = tuple[NDArray[np.int64], Floats, NDArray[np.uint8]]

_LOSS = "the episodes will be encoded anew next time"


class FrameEncoder(Protocol):
    """The part of an encoder that learning and evaluation need."""

    @property
    def id(self) -> str:
        """Name and weights' hash."""

    @property
    def card(self) -> EncoderCard:
        """What is known about it, such as how its authors measure distances."""

    def encode(self, frames: NDArray[np.uint8], batch_size: int = 8) -> Floats:
        """Map uint8 [T, H, W, 3] RGB to float32 [T, D]."""


def embed_episode(reader: EpisodeReader, encoder: FrameEncoder) -> Embedded:
    """Return the image stamps, ns [T], the embeddings [T, D] and the last picture of an episode."""
    folder = cache_folder("embeddings", _LOSS)
    path = None if folder is None else _cache_file(folder, reader.path / BAG_FILE, encoder)
    cached = None if path is None else _load(path)
    if cached is not None:
        return cached
    stamps, frames = reader.frames()
    embeddings = encoder.encode(frames)
    if path is not None:
        arrays = {"stamps": stamps, "embeddings": embeddings, "last_image": frames[-1]}
        write_to_cache(path, lambda stream: np.savez(stream, **arrays), _LOSS)  # type: ignore[arg-type]
    return stamps, embeddings, frames[-1]


def _cache_file(folder: Path, bag: Path, encoder: FrameEncoder) -> Path:
    digest = hashlib.sha256(_preparation(encoder).encode())
    with bag.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return folder / encoder.id.replace("/", "_") / f"{digest.hexdigest()[:32]}.npz"


def _preparation(encoder: FrameEncoder) -> str:
    """Return what an embedding depends on beside the weights: another card may read the same file."""
    card = getattr(encoder, "card", None)
    return "" if card is None else repr(sorted(card.embedding_values().items()))


def _load(path: Path) -> Embedded | None:
    try:
        with np.load(path, allow_pickle=False) as content:
            return content["stamps"], content["embeddings"], content["last_image"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        # A cache that a full disk cut short is worth nothing and is written again.
        return None
