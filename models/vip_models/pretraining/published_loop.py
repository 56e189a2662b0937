"""The published way of training, restated to compare with: images read one by one, eager single precision.

What it does is described by the official trainer of VIP (facebookresearch/vip): worker processes draw a clip,
open its four images one after the other, crop and resize them as float tensors; the main process normalises,
embeds, takes the plain logarithm of a mean of exponentials and lets Adam step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from vip_models.card import EncoderCard
from vip_models.export import build_network
from vip_models.torch_tools import import_torchvision_models

_SETTINGS = {"gamma": 0.98, "l1": 1e-3, "l2": 1e-3, "negatives": 3, "learning_rate": 1e-4}


class PublishedClips(torch.utils.data.IterableDataset):
    """An endless stream of clips, float [4,3,crop,crop] with values in 0..255, of folders of images."""

    def __init__(self, folders: Sequence[Sequence[Path]], card: EncoderCard, smallest_crop: float) -> None:
        import_torchvision_models()
        from torchvision import transforms

        self._folders = folders
        self._crop = transforms.RandomResizedCrop(card.crop, scale=(smallest_crop, 1.0))
        self._fit = torch.nn.Sequential(transforms.Resize(card.resize), transforms.CenterCrop(card.crop))

    def __iter__(self) -> Iterator[Any]:
        """Yield clips; every worker draws its own."""
        rng = np.random.default_rng(torch.initial_seed())
        while True:
            images = self._folders[int(rng.integers(len(self._folders)))]
            start = rng.integers(0, len(images) - 2)
            end = rng.integers(start + 1, len(images))
            now = rng.integers(start, end)
            clip = torch.stack([_read(images[int(i)]) for i in (start, end, now, min(now + 1, end))])
            yield self._fit(self._crop(clip / 255.0) * 255.0)


def _read(path: Path) -> Any:
    with Image.open(path) as image:
        return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)


class PublishedTrainer:
    """Network and optimiser, and one step on a batch of clips."""

    def __init__(self, card: EncoderCard, device: str) -> None:
        self._device = device
        self._network = build_network(card).to(device).train()
        self._optimizer = torch.optim.Adam(self._network.parameters(), lr=_SETTINGS["learning_rate"])
        self._mean = torch.tensor(card.mean, device=device).view(1, 3, 1, 1)
        self._std = torch.tensor(card.std, device=device).view(1, 3, 1, 1)

    def step(self, clips: Any) -> float:
        """Train on clips float [B,4,3,crop,crop] and return the loss."""
        images = clips.to(self._device).flatten(0, 1) / 255.0
        embeddings = self._network((images - self._mean) / self._std)
        start, goal, now, after = embeddings.unflatten(0, clips.shape[:2]).unbind(1)
        gamma = _SETTINGS["gamma"]
        loss = (1 - gamma) * (start - goal).norm(dim=-1).mean() + _term(now, after, goal, gamma)
        orders = [torch.randperm(len(now)) for _ in range(int(_SETTINGS["negatives"]))]
        shuffled = [(now[order], after[order]) for order in orders]
        pairs = [torch.cat(column) for column in zip(*shuffled, strict=True)]
        loss = loss + _term(pairs[0], pairs[1], goal.repeat(len(orders), 1), gamma)
        loss = loss + _SETTINGS["l2"] * embeddings.norm(dim=-1).mean()
        loss = loss + _SETTINGS["l1"] * embeddings.abs().sum(dim=-1).mean()
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        return float(loss.detach())


def _term(now: Any, after: Any, goal: Any, gamma: float) -> Any:
    error = 1.0 - (now - goal).norm(dim=-1) + gamma * (after - goal).norm(dim=-1)
    return torch.log(1e-8 + torch.exp(error).mean())
