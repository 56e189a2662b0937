"""The policy network in numpy: what runs live needs neither torch nor a GPU.

Tensor names (float32): input_mean and input_std [D + N], layers.K.weight [out, in] and layers.K.bias [out]
with ReLU between the layers, output_mean and output_std [H * A]. Where networks were learned side by side,
the layers between the first and the last hold a weight for each of them, [K, out, in]. A network that was
trained on pixels has picture_shape and convs.K beside them: convolutions turn the first inputs, a flat
picture, into features. Where squash is there and not 0, the output goes through a hyperbolic tangent before
it is scaled.
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
        self._mean, self._std = self._input_mean, self._input_std
        self._output_mean, self._output_std = tensors["output_mean"], tensors["output_std"]
        self._seeing = Convolutions(tensors) if "picture_shape" in tensors else None
        self._squash = bool(np.any(tensors.get("squash", 0.0)))
        self._check(tensors)
        self._used: NDArray[np.intp] | None = None
        if self._seeing is None:
            self._leave_out_what_is_not_looked_at()

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
        seen = observation if self._used is None else observation[..., self._used]
        hidden = (seen - self._mean) / self._std
        if self._seeing is not None:
            size = self._seeing.input_size
            features = self._seeing(hidden[..., :size])
            hidden = np.concatenate([features.reshape(*hidden.shape[:-1], -1), hidden[..., size:]], axis=-1)
        last = len(self._layers) - 1
        for index, (weight, bias) in enumerate(self._layers):
            hidden = _applied(weight, hidden) + bias
            if index < last:
                hidden = np.maximum(hidden, 0.0)
        hidden = np.tanh(hidden) if self._squash else hidden
        return hidden * self._output_std + self._output_mean

    def _leave_out_what_is_not_looked_at(self) -> None:
        """Keep those columns of the first layer that are not 0: most of an embedding's may be."""
        weight, bias = self._layers[0]
        used = np.flatnonzero(weight.any(axis=0))
        if len(used) < weight.shape[1]:
            self._used = used
            self._layers[0] = np.ascontiguousarray(weight[:, used]), bias
            self._mean, self._std = self._input_mean[used], self._input_std[used]

    def _check(self, tensors: Tensors) -> None:
        for name, tensor in tensors.items():
            if not np.isfinite(tensor).all():
                raise UserError(f"policy weights '{name}' are not finite", "train the policy again")
        width = self.input_size
        if self._seeing is not None:
            width += self._seeing.output_size - self._seeing.input_size
        for weight, bias in self._layers:
            blocks = weight.shape[0] if weight.ndim == 3 else 1
            fits = weight.ndim in (2, 3) and blocks * weight.shape[-1] == width
            if not fits or bias.shape != (blocks * weight.shape[-2],):
                raise UserError("policy weights do not fit together", "train the policy again")
            width = len(bias)
        if width != self.output_size or (self._input_std <= 0).any():
            raise UserError("policy weights do not fit together", "train the policy again")


def _applied(weight: NDArray[np.float32], hidden: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return weight [out, in] times hidden [..., in], or each of [K, out, in] times its share of it."""
    if weight.ndim == 2:
        return hidden @ weight.T
    shares = hidden.reshape(*hidden.shape[:-1], weight.shape[0], weight.shape[2], 1)
    return np.matmul(weight, shares).reshape(*hidden.shape[:-1], -1)
