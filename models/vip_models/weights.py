"""Weights files: where they lie, which they are (sha256), and reading them without running their code."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import Any

from vip_models.card import EncoderCard
from vip_models.converters import CONVERTERS
from vip_models.formats.tensor_bundle import bundle_files
from vip_ros.errors import UserError
from vip_ros.files import replacing
from vip_ros.resources import cache_dir, share_file

# By these endings a reader tells the kind of a fetched file; everything else is torch's.
_SUFFIXES = (".safetensors", ".zip", ".index")


def locate_weights(card: EncoderCard, weights: str | Path | None = None) -> Path:
    """Return the weights file: the given one, else the shipped, else the fetched.

    Raises:
        UserError: there is none, or the shipped or fetched file is not the published one.
    """
    if weights:
        path = Path(weights).expanduser()
        if not path.exists():
            raise UserError(f"no weights file {path}", "check the path given with --weights")
        return path
    path = default_weights(card)
    if not path.is_file():
        fetch = f"`vip models fetch {card.name}` or " if card.urls else "none are published, "
        raise UserError(f"no weights for encoder '{card.name}'", f"{fetch}give a file with --weights FILE")
    wanted = known_sha256(card)
    if wanted and file_sha256(path) != wanted:
        raise UserError(
            f"the weights of '{card.name}' are damaged or not the published ones",
            f"delete the file, then `vip models fetch {card.name}` or --weights FILE",
            str(path),
        )
    return path


def known_sha256(card: EncoderCard) -> str:
    """Return what the card's own weights must hash to: its pin, else the record of their first download."""
    record = record_file(default_weights(card))
    if card.sha256 or not record.is_file():
        return card.sha256
    return record.read_text(encoding="ascii", errors="replace").split(" ")[0]


def record_sha256(path: Path, sha256: str) -> None:
    """Write beside fetched weights what they hash to, as sha256sum writes it."""
    with replacing(record_file(path)) as draft:
        draft.write_text(f"{sha256}  {path.name}\n", encoding="ascii")


def record_file(path: Path) -> Path:
    """Return the file that holds the sha256 of fetched weights."""
    return path.with_name(f"{path.name}.sha256")


def default_weights(card: EncoderCard) -> Path:
    """Return where the card's own weights lie, or would lie once fetched."""
    if card.file:
        return share_file("vip_models", card.file)
    published = Path(card.urls[0]).suffix if card.urls else ""
    return cache_dir() / "weights" / f"{card.name}{published if published in _SUFFIXES else '.pt'}"


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a weights file, or of a TensorFlow checkpoint's files together, as hex digits.

    Raises:
        UserError: a folder without a TensorFlow checkpoint.
    """
    parts = bundle_files(path) if path.is_dir() or path.suffix == ".index" else [path]
    return _sha256(tuple((part, part.stat().st_size, part.stat().st_mtime_ns) for part in parts))


@functools.lru_cache(maxsize=64)
def _sha256(parts: tuple[tuple[Path, int, int], ...]) -> str:
    """Hash files once while they stay as they are: some are ten gigabytes."""
    digest = hashlib.sha256()
    for part, _, _ in parts:
        with part.open("rb") as stream:
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
