"""CLIP's weights: OpenAI's TorchScript archives, open_clip's and LIV's checkpoints, safetensors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vip_models.card import EncoderCard
from vip_models.converters import CONVERTERS, LayoutError
from vip_models.converters.checkpoint import read_tensors, select

_IMAGE = "visual."
_TEXT = ("transformer.", "token_embedding.", "positional_embedding", "ln_final.", "text_projection")


@CONVERTERS.register("clip")
def read_clip(path: Path, card: EncoderCard) -> dict[str, Any]:
    """Read the image tower.

    Raises:
        UserError: not a weights file, one that would run code, or one without an image tower.
    """
    towers = _towers(path, card)
    image = {name.removeprefix(_IMAGE): value for name, value in towers.items() if name.startswith(_IMAGE)}
    if not image:
        raise LayoutError(
            f"no image tower for encoder '{card.name}'", "give the published weights", str(path)
        )
    return image


def read_text_tower(path: Path, card: EncoderCard) -> dict[str, Any]:
    """Read the text tower's tensors in float32; raises UserError as `read_clip` does."""
    return {name: value.float() for name, value in _towers(path, card).items() if name.startswith(_TEXT)}


def _towers(path: Path, card: EncoderCard) -> dict[str, Any]:
    tensors = read_tensors(path, card)
    if not any(name.startswith(card.prefix + _IMAGE) for name in tensors):
        # open_clip's training checkpoints keep the state dict one level down and may name it module.…
        nested = tensors.get("state_dict")
        tensors = nested if isinstance(nested, dict) else tensors
        tensors = {name.removeprefix("module."): value for name, value in tensors.items()}
    return select(tensors, card, path)
