"""Weights without training, in the published layout, for trying things out and for tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from vip_models.card import EncoderCard, load_card
from vip_models.export import build_network
from vip_models.torch_tools import import_torch
from vip_ros.errors import UserError

# Patches per side that DINOv2's position embeddings are published with: 518 pixels.
_DINOV2_SIDE = 37


def write_random_checkpoint(name: str, path: Path, seed: int = 0) -> Path:
    """Write a random-weight checkpoint of a card in the published layout (torch file or safetensors).

    Raises:
        UserError: a card whose weights are published as a TensorFlow checkpoint.
    """
    torch = import_torch("making weights")
    card = load_card(name)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        tensors = random_tensors(card)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".safetensors":
        from safetensors.torch import save_file

        save_file(tensors, path)
    else:
        torch.save({card.state_path: tensors} if card.state_path else tensors, path)
    return path


def random_tensors(card: EncoderCard) -> dict[str, Any]:
    """Return random tensors of a card's network by the names in its published file, prefix and all.

    Raises:
        UserError: a card whose weights are published as a TensorFlow checkpoint.
    """
    if card.convert not in _LAYOUTS:
        raise UserError(
            f"no random weights for '{card.name}': its authors' are TensorFlow checkpoints",
            f"`vip models fetch {card.name}`, or give a file with --weights FILE",
        )
    state = _LAYOUTS[card.convert](build_network(card).state_dict(), card)
    return {f"{card.prefix}{key}": value.contiguous() for key, value in state.items()}


def _as_built(state: dict[str, Any], card: EncoderCard) -> dict[str, Any]:
    return state


def _dino(state: dict[str, Any], card: EncoderCard) -> dict[str, Any]:
    """Undo what the converter does: registers and gated layers by their own names, positions in full size."""
    if "pos_embed" not in state:
        return state  # the residual network
    torch = import_torch("making weights")
    hidden, out = (state[f"blocks.0.mlp.{layer}.weight"].shape for layer in ("fc1", "fc2"))
    if hidden[0] == 2 * out[1]:  # gated: one half of the hidden layer multiplies the other
        state = {name.replace(".fc1.", ".w12.").replace(".fc2.", ".w3."): t for name, t in state.items()}
    width = state["cls_token"].shape[-1]
    if "reg_token" in state:
        state["register_tokens"] = state.pop("reg_token")
    if "mask_token" in card.drop:
        state["mask_token"] = torch.zeros(1, width)
        state["pos_embed"] = 0.02 * torch.randn(1, 1 + _DINOV2_SIDE**2, width)
    return state


def _clip(state: dict[str, Any], card: EncoderCard) -> dict[str, Any]:
    """Put the image tower beside a text tower."""
    from vip_models.architectures.clip import build_text_tower

    torch = import_torch("making weights")
    image = {f"visual.{name}": tensor for name, tensor in state.items()}
    return image | build_text_tower(card).state_dict() | {"logit_scale": torch.tensor(1.0)}


_LAYOUTS: dict[str, Callable[[dict[str, Any], EncoderCard], dict[str, Any]]] = {
    "torch": _as_built,
    "dino": _dino,
    "clip": _clip,
}
