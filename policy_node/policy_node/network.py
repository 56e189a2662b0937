"""The policy network in numpy: what runs live needs neither torch nor a GPU.

Tensor names (float32): input_mean and input_std [D + N], layers.K.weight [out, in] and layers.K.bias [out]
with ReLU between the layers, output_mean and output_std [H * A]. A network that was trained on pixels has
picture_shape and convs.K beside them: convolutions turn the first inputs, a flat picture, into features.
Where squash is there and not 0, the output goes through a hyperbolic tangent before it is scaled.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from policy_node.convolutions import Convolutions
from vip_ros.errors import UserError

Tensors = Mapping[str, NDArray[np.float32]]


class PolicyNetwork:
    """A multi-layer perceptron with standardised inputs and outputs.

    Args:
        tensors: see the module's description.

    Raises:
        UserError: tensors are missing, do not fit together or are not finite.
    """

    def __init__(self, tensors: Tensors) -> None:
        for name in ("input_mean", "input_std", "output_mean", "output_std", "layers.0.weight"):
            if name not in tensors:
                raise UserError(f"policy weights lack '{name}'", "train the policy again")
        count = sum(name.startswith("layers.") and name.endswith(".weight") for name in tensors)
        try:
            self._layers = [
                (tensors[f"layers.{k}.weight"], tensors[f"layers.{k}.bias"]) for k in range(count)
            ]
        except KeyError as error:
            raise UserError(f"policy weights lack {error}", "train the policy again") from None
        self._input_mean, self._input_std = tensors["input_mean"], tensors["input_std"]
        self._output_mean, self._output_std = tensors["output_mean"], tensors["output_std"]
        self._seeing = Convolutions(tensors) if "picture_shape" in tensors else None
        self._squash = bool(np.any(tensors.get("squash", 0.0)))
        self._check(tensors)

    @property
    def input_size(self) -> int:
        """Length of the observation vector."""
        return int(self._input_mean.shape[0])

    @property
    def output_size(self) -> int:
        """Length of the action vector."""
        return int(self._output_mean.shape[0])

    def __call__(self, observation: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map observations [D + N] or [B, D + N] to actions [H * A] or [B, H * A]."""
        hidden = (observation - self._input_mean) / self._input_std
        if self._seeing is not None:
            size = self._seeing.input_size
            features = self._seeing(hidden[..., :size])
            hidden = np.concatenate([features.reshape(*hidden.shape[:-1], -1), hidden[..., size:]], axis=-1)
        last = len(self._layers) - 1
        for index, (weight, bias) in enumerate(self._layers):
            hidden = hidden @ weight.T + bias
            if index < last:
                hidden = np.maximum(hidden, 0.0)
        hidden = np.tanh(hidden) if self._squash else hidden
        return hidden * self._output_std + self._output_mean

    def _check(self, tensors: Tensors) -> None:
        for name, tensor in tensors.items():
            if not np.isfinite(tensor).all():
                raise UserError(f"policy weights '{name}' are not finite", "train the policy again")
        width = self.input_size
        if self._seeing is not None:
            width += self._seeing.output_size - self._seeing.input_size
        for weight, bias in self._layers:
            if weight.ndim != 2 or weight.shape[1] != width or bias.shape != weight.shape[:1]:
                raise UserError("policy weights do not fit together", "train the policy again")
            width = weight.shape[0]
        if width != self.output_size or (self._input_std <= 0).any():
            raise UserError("policy weights do not fit together", "train the policy again")
