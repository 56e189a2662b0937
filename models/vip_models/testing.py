"""Weights without training, in the published layout, for trying things out and for tests."""

from __future__ import annotations

from pathlib import Path

from vip_models.card import load_card
from vip_models.export import build_network
from vip_models.torch_tools import import_torch


def write_random_checkpoint(name: str, path: Path, seed: int = 0) -> Path:
    """Write a random-weight checkpoint of a card in the published layout (torch file or safetensors)."""
    torch = import_torch("making weights")
    card = load_card(name)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        state = build_network(card).state_dict()
    tensors = {f"{card.prefix}{key}": value.contiguous() for key, value in state.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".safetensors":
        from safetensors.torch import save_file

        save_file(tensors, path)
    else:
        torch.save({card.state_path: tensors} if card.state_path else tensors, path)
    return path
