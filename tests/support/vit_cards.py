"""Small transformers with the traits of the shipped cards, and how the authors would feed them."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from support.vit_checkpoint import Published

from vip_models import load_card
from vip_models.architectures import ARCHITECTURES
from vip_models.architectures.vit import SHAPES, build_vit
from vip_models.card import EncoderCard


def small_card(name: str, published: Published, **changes: Any) -> EncoderCard:
    """Return the shipped card for a small network with the traits of the one it names."""
    card = load_card(name)
    shape = dataclasses.replace(SHAPES[card.architecture], width=published.width, depth=published.depth)
    architecture = f"{card.architecture}-{published.width}x{published.depth}"
    if architecture not in ARCHITECTURES.names():
        ARCHITECTURES.register(architecture)(partial(build_vit, shape))
    fit = {"architecture": architecture, "dim": published.width, "crop": published.crop, "resize": 640}
    fit["passes_exact"] = True  # what goes in is made in the network's size
    return dataclasses.replace(card, **(fit | changes))


def write_card(card: EncoderCard, folder: Path) -> str:
    """Write a card file and return its path, which load_encoder takes for a name."""
    path = folder / f"{card.name}.yaml"
    values = {k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(card).items()}
    path.write_text(yaml.safe_dump({key: value for key, value in values.items() if value is not None}))
    return str(path)


def random_frames(count: int, card: EncoderCard) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, card.crop, card.crop, 3), np.uint8)


def normalised(frames: np.ndarray, card: EncoderCard) -> Any:
    """Return float [N,3,S,S] as the authors normalise it, or [1,3,window,S,S] of one window."""
    mean, std = torch.tensor(card.mean).view(3, 1, 1), torch.tensor(card.std).view(3, 1, 1)
    pixels = (torch.from_numpy(frames).permute(0, 3, 1, 2) / 255.0 - mean) / std
    return pixels if card.window == 1 else pixels.transpose(0, 1)[None]


def relative_error(found: Any, expected: Any) -> float:
    return float(np.abs(np.asarray(found) - np.asarray(expected)).max() / np.abs(np.asarray(expected)).max())
