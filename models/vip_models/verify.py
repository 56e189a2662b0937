"""Whether an encoder's weights are the right ones, load, and give embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vip_models.card import load_card
from vip_models.encoder import load_encoder
from vip_models.weights import file_sha256, known_sha256, locate_weights
from vip_ros.errors import UserError


@dataclass(frozen=True)
class Verified:
    """Weights that passed.

    Attributes:
        path: the file.
        sha256: of the file.
        origin: what the hash was compared with.
        id: of the encoder that they make.
        dim: length of an embedding.
    """

    path: Path
    sha256: str
    origin: str
    id: str
    dim: int


def verify_weights(name: str, weights: Path | None = None, runtime: str = "auto") -> Verified:
    """Compare the weights' hash with the known one, load them and encode two pictures.

    Args:
        name: a card's name, or the path of a card file.
        weights: a weights file; None takes the shipped or fetched one.
        runtime: a name in the registry of runtimes.

    Raises:
        UserError: missing, damaged or unfit weights, or embeddings that say nothing.
    """
    card = load_card(name)
    path = locate_weights(card, weights)
    encoder = load_encoder(name, path, runtime)
    noise = np.random.default_rng(0).integers(0, 256, (card.crop, card.crop, 3), np.uint8)
    blank, other = (encoder.encode(frame[None], 1)[0] for frame in (np.zeros_like(noise), noise))
    if not np.isfinite([blank, other]).all():
        raise UserError(
            f"encoder '{card.name}' gives infinite or undefined embeddings", "fetch it again", str(path)
        )
    if np.array_equal(blank, other):
        raise UserError(
            f"encoder '{card.name}' gives every picture the same embedding", "fetch it again", str(path)
        )
    sha256 = file_sha256(path)
    return Verified(path, sha256, _origin(sha256, card.sha256, known_sha256(card)), encoder.id, encoder.dim)


def _origin(sha256: str, pinned: str, known: str) -> str:
    if sha256 == pinned:
        return "as published"
    return "as first fetched" if sha256 == known else "not known to the card"
