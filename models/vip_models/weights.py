"""Weights files: where they lie, which they are (sha256), and reading them without running their code."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from vip_models.card import EncoderCard
from vip_models.converters import CONVERTERS
from vip_ros.errors import UserError
from vip_ros.resources import cache_dir, share_file


def locate_weights(card: EncoderCard, weights: str | Path | None = None) -> Path:
    """Return the weights file: the given one, else the shipped, else the fetched.

    Raises:
        UserError: there is none, or the shipped or fetched file is not the published one.
    """
    if weights:
        path = Path(weights).expanduser()
        if not path.is_file():
            raise UserError(f"no weights file {path}", "check the path given with --weights")
        return path
    path = default_weights(card)
    if not path.is_file():
        fetch = f"`vip models fetch {card.name}` or " if card.urls else "none are published, "
        raise UserError(f"no weights for encoder '{card.name}'", f"{fetch}give a file with --weights FILE")
    if card.sha256 and file_sha256(path) != card.sha256:
        raise UserError(
            f"the weights of '{card.name}' are damaged or not the published ones",
            f"delete the file, then `vip models fetch {card.name}` or --weights FILE",
            str(path),
        )
    return path


def default_weights(card: EncoderCard) -> Path:
    """Return where the card's own weights lie, or would lie once fetched."""
    if card.file:
        return share_file("vip_models", card.file)
    return cache_dir() / "weights" / f"{card.name}.pt"


def file_sha256(path: Path) -> str:
    """Return the file's SHA-256 as hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_state(path: Path, card: EncoderCard) -> dict[str, Any]:
    """Read the network's tensors, float32, named as the architecture names them.

    Raises:
        UserError: not a weights file, one that would run code, or one without the card's tensors.
    """
    state = CONVERTERS.get(card.convert)(path, card)
    state = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in state.items()}
    broken = [name for name, tensor in state.items() if not bool(tensor.isfinite().all())]
    if broken:
        raise UserError(
            f"weights with infinite or undefined values ({broken[0]})", "give another file", str(path)
        )
    return state
