"""An encoder to be measured: its weights, or random ones, in the runtime that this machine should use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vip_models import Encoder, load_card, load_encoder
from vip_models.tuning import tune
from vip_models.tuning_store import stored_tuning
from vip_models.weights import default_weights, file_sha256, locate_weights
from vip_ros.resources import cache_dir

RANDOM = "random"


@dataclass(frozen=True)
class Subject:
    """An encoder to be measured.

    Attributes:
        name: the encoder as it was asked for: a card's name or file.
        encoder: loaded.
        path: its weights file.
        weights: where they are from, for people.
        runtime: its name in the registry, for loading it in another process.
        chosen: how that was chosen, for people.
    """

    name: str
    encoder: Encoder
    path: Path
    weights: str
    runtime: str
    chosen: str

    def parameters(self, goal: str) -> dict[str, Any]:
        """Return the parameters with which a reward_node runs it towards a goal and activates itself."""
        return {
            "encoder": self.name,
            "weights": str(self.path),
            "runtime": self.runtime,
            "goal": goal,
            "autostart": True,
        }


def open_subject(
    name: str,
    weights: Path | None,
    runtime: str,
    videos: Sequence[np.ndarray],
    report: Callable[[str], None],
) -> Subject:
    """Load an encoder; what is fastest here is measured first where no tuning is stored.

    Args:
        name: an encoder card.
        weights: weights instead of the card's own; without either they are random.
        runtime: a name in the registry; "auto" for the fastest within the allowed error.
        videos: uint8 [T,H,W,3] that errors are measured on.
        report: called with what is going on.

    Raises:
        UserError: unknown encoder or runtime, or weights that do not fit.
    """
    card = load_card(name)
    path, own = weights_or_random(name, weights)
    chosen = "as asked"
    if runtime == "auto":
        tuning, chosen = stored_tuning(card, file_sha256(path)), "as tuned on this machine"
        if tuning is None:
            report("choosing a runtime")
            tuning = tune(card, path, videos, "the frames of this run", report=report)
            chosen = "measured in this run"
        trial = next(trial for trial in tuning.trials if trial.runtime == tuning.choice)
        runtime = tuning.choice
        chosen += f", distances within {trial.distance_error or 0.0:.2%}"
    encoder = load_encoder(name, path, runtime)
    return Subject(name, encoder, path, str(path) if own else RANDOM, runtime, chosen)


def weights_or_random(name: str, weights: Path | None = None) -> tuple[Path, bool]:
    """Return weights for a load and whether they are trained ones: random ones are as fast, and nothing else.

    Args:
        name: an encoder card.
        weights: instead of the card's own.

    Raises:
        UserError: unknown encoder, or the given weights are not there.
    """
    card = load_card(name)
    if weights is not None or default_weights(card).is_file():
        return locate_weights(card, weights), True
    from vip_models.testing import write_random_checkpoint

    path = cache_dir() / "bench" / f"{Path(name).stem}-random.pt"
    return (path if path.is_file() else write_random_checkpoint(name, path)), False
