"""torch in eager mode: the reference the other runtimes are compared with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from vip_models.card import EncoderCard
from vip_models.export import load_network
from vip_models.runtimes import RUNTIMES
from vip_models.torch_tools import import_torch


class TorchNetwork:
    """A torch module on the CPU in float32."""

    device = "cpu"
    runtime = "torch"
    resizes = False

    def __init__(self, module: Any) -> None:
        self._torch = import_torch("the torch runtime")
        self._module = module

    def run(self, batch: np.ndarray) -> np.ndarray:
        """Return float32 [N,dim] for uint8 [N,crop,crop,3]."""
        with self._torch.inference_mode():
            return self._module(self._torch.from_numpy(np.ascontiguousarray(batch))).numpy()


@RUNTIMES.register("torch")
def open_torch(card: EncoderCard, weights: Path, sha256: str, threads: int) -> TorchNetwork:
    """Open the encoder in torch on the CPU."""
    import_torch("the torch runtime").set_num_threads(threads)
    return TorchNetwork(load_network(card, weights))
