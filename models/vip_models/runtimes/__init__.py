"""Inference runtimes by name; each module of this package registers its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np

from vip_models.card import EncoderCard
from vip_ros.registry import Registry


class Network(Protocol):
    """A frozen network ready to run.

    Attributes:
        device: where it really runs, "cpu" or "cuda".
        runtime: its name in the registry.
        resizes: whether it takes frames of any size, and resizes them where it runs.
    """

    device: str
    runtime: str
    resizes: bool

    def run(self, batch: np.ndarray) -> np.ndarray:
        """Return float32 [N,dim] for uint8 [N,crop,crop,3]."""
        ...


# An entry opens a network: (card, weights file, weights sha256, CPU threads) -> Network.
Opener = Callable[[EncoderCard, Path, str, int], Network]
RUNTIMES: Registry[Opener] = Registry("runtime", package="vip_models.runtimes")
