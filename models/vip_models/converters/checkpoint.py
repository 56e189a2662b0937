"""Checkpoints that torch or safetensors wrote: read without running what they hold."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

from vip_models.card import EncoderCard
from vip_models.converters import CONVERTERS, LayoutError
from vip_models.formats.torch_file import load_torch_file
from vip_models.formats.torchscript import is_torchscript, read_torchscript
from vip_models.torch_tools import import_torch
from vip_ros.errors import UserError

_RESAVE = "a checkpoint holds tensors only, e.g. torch.save({'vip': model.state_dict()}, FILE)"


@CONVERTERS.register("torch")
def read_checkpoint(path: Path, card: EncoderCard) -> dict[str, Any]:
    """Read the card's tensors, the prefix of their names removed.

    Raises:
        UserError: not a weights file, one that would run code, or one without the card's tensors.
    """
    return select(read_tensors(path, card), card, path)


def read_tensors(path: Path, card: EncoderCard) -> dict[str, Any]:
    """Read every tensor of a file's state dict by the file's own names; raises UserError."""
    return _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path, card)


def select(tensors: dict[str, Any], card: EncoderCard, path: Path) -> dict[str, Any]:
    """Return the tensors under the card's prefix, without the prefix and without those it drops.

    Raises:
        UserError: there are none.
    """
    state = {
        name.removeprefix(card.prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(card.prefix) and hasattr(tensor, "is_floating_point")
    }
    if not state:
        found = ", ".join(list(tensors)[:3]) or "nothing"
        raise LayoutError(
            f"no tensors under '{card.prefix}' for encoder '{card.name}' (found {found})",
            "give the checkpoint that this card describes",
            str(path),
        )
    return {name: tensor for name, tensor in state.items() if not name.startswith(card.drop)}


def _read_safetensors(path: Path) -> dict[str, Any]:
    import_torch("reading weights")
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise UserError(f"not a readable safetensors file ({error})", "fetch it again", str(path)) from None


def _read_torch(path: Path, card: EncoderCard) -> dict[str, Any]:
    if is_torchscript(path):
        return read_torchscript(path)
    try:
        checkpoint = load_torch_file(path)
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
        raise LayoutError(
            f"no state dict under '{card.state_path}' for encoder '{card.name}'", _RESAVE, str(path)
        )
    return checkpoint
