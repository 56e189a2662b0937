"""Weights files: where they lie, which they are (sha256), and reading them without running their code."""

from __future__ import annotations

import hashlib
import pickle
import zipfile
from pathlib import Path
from typing import Any

from vip_models.card import EncoderCard
from vip_models.torch_tools import import_torch
from vip_ros.errors import UserError
from vip_ros.resources import cache_dir, share_file

_RESAVE = "a checkpoint holds tensors only, e.g. torch.save({'vip': model.state_dict()}, FILE)"


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
    tensors = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path, card)
    state = {
        name.removeprefix(card.prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(card.prefix) and hasattr(tensor, "is_floating_point")
    }
    if not state:
        found = ", ".join(list(tensors)[:3]) or "nothing"
        raise UserError(
            f"no tensors under '{card.prefix}' for encoder '{card.name}' (found {found})",
            "give the checkpoint that this card describes",
            str(path),
        )
    state = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in state.items()}
    broken = [name for name, tensor in state.items() if not bool(tensor.isfinite().all())]
    if broken:
        raise UserError(f"weights with infinite or undefined values ({broken[0]})", _RESAVE, str(path))
    return state


def _read_safetensors(path: Path) -> dict[str, Any]:
    import_torch("reading weights")
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise UserError(f"not a readable safetensors file ({error})", "fetch it again", str(path)) from None


def _read_torch(path: Path, card: EncoderCard) -> dict[str, Any]:
    torch = import_torch("reading weights")
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise UserError(
            "refused: the file holds more than tensors and could run code", _RESAVE, str(path)
        ) from None
    except (RuntimeError, EOFError, OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        reason = str(error).split("\n")[0][:120]
        raise UserError(f"not a readable checkpoint ({reason})", "fetch it again", str(path)) from None
    if card.state_path and isinstance(checkpoint, dict):
        checkpoint = checkpoint.get(card.state_path)
    if not isinstance(checkpoint, dict):
        raise UserError(
            f"no state dict under '{card.state_path}' for encoder '{card.name}'", _RESAVE, str(path)
        )
    return checkpoint
