"""Small CLIPs with the traits of the shipped cards, in the published layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from support.cards import changed_card
from support.clip_checkpoint import random_tensors, resnet_image_tower, text_tower, vit_image_tower

from vip_models import load_card
from vip_models.architectures import ARCHITECTURES
from vip_models.architectures.clip import VARIANTS, build_image_tower

SIDE, TEXT_WIDTH, DIM = 64, 64, 128
_TEXT = {"context_length": 77, "vocab_size": 49408, "width": TEXT_WIDTH, "heads": 1, "layers": 2}
_IMAGE = {
    "clip-rn50": {"image_size": SIDE, "layers": [1, 1, 1, 1], "width": 64, "patch_size": None},
    "clip-vit-b32": {"image_size": SIDE, "layers": 2, "width": 128, "patch_size": 16},
}
_SHAPES = {
    "clip-rn50": resnet_image_tower((1, 1, 1, 1), DIM, SIDE),
    "clip-vit-b32": vit_image_tower(16, 128, 2, DIM, SIDE),
}
FRAMES = np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, 3), dtype=np.uint8)


def small_tensors(name: str, text: bool = True) -> dict[str, Any]:
    """Return the weights of a small network of the card's kind, with or without the text tower."""
    return random_tensors(_SHAPES[name] | (text_tower(TEXT_WIDTH, DIM, 2) if text else {}))


def small_card(name: str, folder: Path, patch: pytest.MonkeyPatch, **changes: Any) -> str:
    """Write the shipped card for a small network; returns its path, which load_encoder takes for a name."""
    card = load_card(name)
    small = f"{card.architecture}-small"
    config = {
        "embed_dim": DIM,
        "quick_gelu": True,
        "vision_cfg": _IMAGE[card.architecture],
        "text_cfg": _TEXT,
    }
    (folder / f"{small}.json").write_text(json.dumps(config))
    open_clip.factory.add_model_config(folder / f"{small}.json")
    patch.setitem(VARIANTS, small, small)
    ARCHITECTURES.register(small)(build_image_tower)
    fit = {"architecture": small, "dim": DIM, "crop": SIDE, "resize": SIDE, "sha256": ""}
    return changed_card(name, folder, **(fit | changes))


def pixels(name: str) -> Any:
    """Return the frames as OpenAI normalises them, float [N,3,S,S]."""
    card = load_card(name)
    mean, std = (torch.tensor(value).view(3, 1, 1) for value in (card.mean, card.std))
    return (torch.from_numpy(FRAMES).permute(0, 3, 1, 2) / 255.0 - mean) / std


def error(found: Any, expected: Any) -> float:
    """Return the largest difference over the largest value; the rows must differ for it to mean anything."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert (
        np.isfinite(expected).all()
        and np.abs(expected[0] - expected[1]).max() > 1e-2 * np.abs(expected).max()
    )
    return float(np.abs(found - expected).max() / np.abs(expected).max())
