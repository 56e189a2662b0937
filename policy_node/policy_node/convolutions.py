"""The seeing part of a network that was trained on pixels, in numpy: 3 x 3 convolutions of stride 2."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vip_ros.errors import UserError

Floats = NDArray[np.float32]


class Convolutions:
    """Maps flat pictures to flat features; each layer halves height and width and ends in a ReLU.

    Args:
        tensors: picture_shape [3] (height, width, channels) and convs.K.weight [out, in, 3, 3], convs.K.bias.

    Raises:
        UserError: they do not fit together.
    """

    def __init__(self, tensors: Mapping[str, Floats]) -> None:
        self.shape = tuple(int(size) for size in tensors["picture_shape"])
        count = sum(name.startswith("convs.") and name.endswith(".weight") for name in tensors)
        self._layers = [(tensors[f"convs.{k}.weight"], tensors[f"convs.{k}.bias"]) for k in range(count)]
        channels = self.shape[2]
        for weight, bias in self._layers:
            if weight.shape[1:] != (channels, 3, 3) or bias.shape != weight.shape[:1]:
                raise UserError("policy weights do not fit together", "train the policy again")
            channels = weight.shape[0]

    @property
    def input_size(self) -> int:
        """Numbers in a flat picture."""
        return int(np.prod(self.shape))

    @property
    def output_size(self) -> int:
        """Numbers in the flat features."""
        height, width, channels = self.shape
        for weight, _ in self._layers:
            height, width, channels = (height + 1) // 2, (width + 1) // 2, weight.shape[0]
        return int(height * width * channels)

    def __call__(self, flat: Floats) -> Floats:
        """Map [B, input_size] to [B, output_size]."""
        maps = flat.reshape(-1, *self.shape)
        for weight, bias in self._layers:
            padded = np.pad(maps, ((0, 0), (1, 1), (1, 1), (0, 0)))
            windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))[:, ::2, ::2]
            maps = np.maximum(np.tensordot(windows, weight, axes=([3, 4, 5], [1, 2, 3])) + bias, 0.0)
        return maps.reshape(len(maps), -1)
