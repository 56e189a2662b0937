"""Training objectives by name: one file each, which frames of a video they take and what they minimise.

An objective sees the embeddings of the whole batch, of all processes: its logarithms of means and its
comparisons with other clips do not fall apart into sums over processes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vip_ros.registry import Registry

# A video shorter than this has no start, middle and end.
SHORTEST = 3


class Settings(Protocol):
    """The hyper-parameters that losses read; `PretrainConfig` has them."""

    @property
    def discount(self) -> float:
        """Gamma, per frame."""

    @property
    def l1_weight(self) -> float:
        """Weight of the mean L1 norm of all embeddings."""

    @property
    def l2_weight(self) -> float:
        """Weight of their mean L2 norm."""


@dataclass(frozen=True)
class Objective:
    """One way to learn from the order of frames.

    Attributes:
        frames: F, how many of each clip are embedded.
        uniforms: U, random numbers that choosing them takes.
        draw: lengths int [B], random numbers in [0, 1) [B,U] → indices of frames, int [B,F].
        permutations: number of negatives wanted → P, how many orders of the batch the loss compares with.
        loss: embeddings float [F,B,D], permutations int [P,B], settings → the loss, and its parts by name.
    """

    frames: int
    uniforms: int
    draw: Callable[[NDArray[np.int64], NDArray[np.float64]], NDArray[np.int64]]
    permutations: Callable[[int], int]
    loss: Callable[[Any, Any, Settings], tuple[Any, dict[str, Any]]]


OBJECTIVES: Registry[Objective] = Registry("objective", __name__)


def pick(low: NDArray[np.int64], high: NDArray[np.int64], uniform: NDArray[np.float64]) -> NDArray[np.int64]:
    """Turn random numbers in [0, 1) into integers from low to high, both included."""
    return low + np.floor(uniform * (high - low + 1)).astype(np.int64)


def penalties(embeddings: Any, settings: Settings) -> tuple[Any, dict[str, Any]]:
    """Return the weighted mean L1 and L2 norms of embeddings [F,B,D], and the norms by name."""
    l1 = embeddings.abs().sum(dim=-1).mean()
    l2 = embeddings.norm(dim=-1).mean()
    return settings.l1_weight * l1 + settings.l2_weight * l2, {"l1": l1, "l2": l2}


def distance(first: Any, second: Any) -> Any:
    """Return the Euclidean distance along the last axis; where it is zero, so is its gradient."""
    return (first - second).norm(dim=-1)
