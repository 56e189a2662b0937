"""Embeddings of episodes, computed once per content and encoder."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vip_models.card import EncoderCard
from vip_ros.resources import cache_dir
from vip_teleop.episode import BAG_FILE
from vip_teleop.episode_reader import EpisodeReader

Floats = NDArray[np.float32]
Embedded = tuple[NDArray[np.int64], Floats, NDArray[np.uint8]]


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
    path = _cache_file(reader.path / BAG_FILE, encoder.id)
    cached = _load(path)
    if cached is not None:
        return cached
    stamps, frames = reader.frames()
    embeddings = encoder.encode(frames)
    _save(path, stamps=stamps, embeddings=embeddings, last_image=frames[-1])
    return stamps, embeddings, frames[-1]


def _cache_file(bag: Path, encoder: str) -> Path:
    digest = hashlib.sha256()
    with bag.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return cache_dir() / "embeddings" / encoder.replace("/", "_") / f"{digest.hexdigest()[:32]}.npz"


def _load(path: Path) -> Embedded | None:
    try:
        with np.load(path, allow_pickle=False) as content:
            return content["stamps"], content["embeddings"], content["last_image"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        # A cache that a full disk cut short is worth nothing and is written again.
        return None


def _save(path: Path, **arrays: NDArray[np.generic]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(suffix=".npz", prefix=".", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            np.savez(stream, **arrays)  # type: ignore[arg-type]
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
