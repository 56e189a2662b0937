"""DINO and DINOv2 transformers: a position embedding of another size, registers, gated layers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from vip_models.card import EncoderCard
from vip_models.converters import CONVERTERS, LayoutError
from vip_models.converters.checkpoint import read_checkpoint
from vip_models.torch_tools import import_torch

# Added to the number of patches per side before a position embedding is scaled. It once kept rounding errors
# away, and the published models without registers were evaluated with it.
_OFFSET = 0.1
_GATED = {"mlp.w12.": "mlp.fc1.", "mlp.w3.": "mlp.fc2."}


@CONVERTERS.register("dino")
def read_dino(path: Path, card: EncoderCard) -> dict[str, Any]:
    """Read a transformer of DINO or DINOv2, its position embedding fitted to the card's crop.

    Raises:
        UserError: not such a checkpoint (LayoutError: of another network).
    """
    try:
        return convert_state(read_checkpoint(path, card), card.crop)
    except KeyError as error:
        raise LayoutError(
            f"the weights lack {error} of encoder '{card.name}'", "give the card's checkpoint", str(path)
        ) from None


def convert_state(official: dict[str, Any], crop: int) -> dict[str, Any]:
    """Return the published tensors as timm names them, for a crop of so many pixels.

    Raises:
        KeyError: no position embedding, class token or patch embedding.
    """
    state = {_renamed(name): tensor for name, tensor in official.items()}
    side = crop // state["patch_embed.proj.weight"].shape[-1]
    registers = state.pop("register_tokens", None)
    state["pos_embed"] = fit_positions(state["pos_embed"].float(), side, antialias=registers is not None)
    if registers is not None:
        # Registers have no position; the class token's is added to the token once and for all.
        state["reg_token"] = registers
        state["cls_token"] = state["cls_token"].float() + state["pos_embed"][:, :1]
        state["pos_embed"] = state["pos_embed"][:, 1:]
    return state


def fit_positions(positions: Any, side: int, antialias: bool) -> Any:
    """Return a position embedding [1,1+K²,D] resampled to [1,1+side²,D]; the first, the class token's, stays.

    Args:
        positions: learned positions of the class token and of K x K patches.
        side: patches per side that are wanted.
        antialias: as the models with registers were trained; else bicubic with the historical offset.
    """
    known = math.isqrt(positions.shape[1] - 1)
    if known == side:
        return positions
    torch = import_torch("fitting a position embedding")
    interpolate = torch.nn.functional.interpolate
    grid = positions[:, 1:].reshape(1, known, known, -1).permute(0, 3, 1, 2)
    if antialias:
        grid = interpolate(grid, size=(side, side), mode="bicubic", antialias=True)
    else:
        scale = (side + _OFFSET) / known
        grid = interpolate(grid, scale_factor=(scale, scale), mode="bicubic")
    return torch.cat((positions[:, :1], grid.permute(0, 2, 3, 1).flatten(1, 2)), dim=1)


def _renamed(name: str) -> str:
    for official, ours in _GATED.items():
        name = name.replace(official, ours)
    return name
