"""The way of the published VIP script, written anew: PIL per frame, then the module in eager float32.

Each frame becomes a PIL image, is resized as a whole, cropped and made a float tensor; the frames of a video
are stacked and go through the torch module at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vip_models.card import EncoderCard
from vip_models.export import load_network
from vip_models.torch_tools import available_cores, import_torch

_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


class OfficialWay:
    """The published way of encoding, on the CPU or a CUDA device.

    Args:
        card: an encoder of single frames that are resized with antialiasing (see applies).
        weights: its weights file.
        device: torch's name of the device.
    """

    def __init__(self, card: EncoderCard, weights: Path, device: str = "cpu") -> None:
        self._torch = import_torch("comparing with the published way")
        self._torch.set_num_threads(available_cores())
        self._card, self._device = card, device
        # The module takes normalised floats; the layer before it takes whole frames, as the nodes use it.
        self._module = load_network(card, weights).backbone.to(device)
        self._mean = self._torch.tensor(card.mean, device=device).view(3, 1, 1)
        self._std = self._torch.tensor(card.std, device=device).view(3, 1, 1)

    def encode(self, frames: np.ndarray) -> np.ndarray:
        """Return embeddings float32 [T,D] of frames uint8 [T,H,W,3] RGB."""
        tensors = self._torch.stack([self._transform(frame) for frame in frames])
        with self._torch.no_grad():
            normalised = (tensors.to(self._device) - self._mean) / self._std
            return self._module(normalised).cpu().numpy()

    def _transform(self, frame: np.ndarray) -> Any:
        card, image = self._card, Image.fromarray(frame)
        scale = card.resize / min(image.size)
        # As torchvision: the short side exactly, the long one truncated.
        width, height = (card.resize if side == min(image.size) else int(side * scale) for side in image.size)
        image = image.resize((width, height), _FILTERS[card.interpolation])
        left, top = round((width - card.crop) / 2), round((height - card.crop) / 2)
        image = image.crop((left, top, left + card.crop, top + card.crop))
        pixels = self._torch.from_numpy(np.array(image)).permute(2, 0, 1)
        return pixels.contiguous().to(self._torch.float32).div(255)


def applies(card: EncoderCard) -> bool:
    """Return whether an encoder works on single frames that PIL resizes."""
    return card.window == 1 and card.interpolation in _FILTERS
