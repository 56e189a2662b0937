"""What a training needs to go on after it was cut short; kept in the cache, never in the policy's folder."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import torch

from policy_node.cache import cache_folder, write_to_cache
from policy_node.learning import TrainConfig

EVERY = 5.0
"""s between two states on disk: a training that takes less leaves none."""

_LOSS = "a training that is cut short will begin anew"


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
        folder = cache_folder("training", _LOSS)
        self._path = None if folder is None else folder / f"{key}.pt"
        self._saved = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """Return the state that an interrupted run left, or None."""
        if self._path is None:
            return None
        try:
            return dict(torch.load(self._path, map_location="cpu", weights_only=True))
        except FileNotFoundError:
            return None
        except Exception:  # torch raises many kinds for a file cut short; the run begins anew
            return None

    def save(self, state: Callable[[], dict[str, Any]]) -> None:
        """Write the state if the last one is old enough; where it cannot be written, warn and go on."""
        if self._path is None or time.monotonic() - self._saved < EVERY:
            return
        content = state()
        write_to_cache(self._path, lambda stream: torch.save(content, stream), _LOSS)
        self._saved = time.monotonic()

    def remove(self) -> None:
        """Forget the state: the run is over."""
        if self._path is not None:
            # One that cannot be removed could not be written either, or its run is over just the same.
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
