"""What a training needs to go on after it was cut short; kept in the cache, never in the policy's folder."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from policy_node.learning import TrainConfig
from vip_ros.resources import cache_dir

EVERY = 5.0
"""s between two states on disk: a training that takes less leaves none."""


def fingerprint(config: TrainConfig, *tensors: torch.Tensor) -> str:
    """Return a hash of the options and the data: a state is taken up by the very same training alone."""
    digest = hashlib.sha256(repr(sorted(asdict(config).items())).encode())
    for tensor in tensors:
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()[:32]


class TrainingState:
    """The newest state of one training run.

    Args:
        key: fingerprint of the run.
    """

    def __init__(self, key: str) -> None:
        self._path = cache_dir() / "training" / f"{key}.pt"
        self._saved = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """Return the state that an interrupted run left, or None."""
        try:
            return dict(torch.load(self._path, map_location="cpu", weights_only=True))
        except FileNotFoundError:
            return None
        except Exception:  # torch raises many kinds for a file cut short; the run begins anew
            return None

    def save(self, state: Callable[[], dict[str, Any]]) -> None:
        """Write the state if the last one is old enough."""
        if time.monotonic() - self._saved < EVERY:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".", dir=self._path.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                torch.save(state(), stream)
            Path(name).replace(self._path)
        finally:
            Path(name).unlink(missing_ok=True)
        self._saved = time.monotonic()

    def remove(self) -> None:
        """Forget the state: the run is over."""
        self._path.unlink(missing_ok=True)
