"""What was measured of an encoder's runtimes on this machine, kept in the cache of derived files."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vip_models.card import EncoderCard
from vip_models.export import onnx_path
from vip_models.machine import Machine, this_machine
from vip_ros.files import replacing
from vip_ros.resources import cache_dir


@dataclass(frozen=True)
class Trial:
    """One runtime, measured.

    Attributes:
        runtime: name in the registry.
        one_ms: median time of one frame, ms; None where it does not run.
        eight_ms: median time of a batch of eight, ms.
        distance_error: largest error of a distance to the goal, as a share of the first distance.
        step_error: median error of an embedding, in median distances between consecutive frames.
        problem: why it does not run here, or why it was left out; empty when it may be chosen.
    """

    runtime: str
    one_ms: float | None = None
    eight_ms: float | None = None
    distance_error: float | None = None
    step_error: float | None = None
    problem: str = ""


@dataclass(frozen=True)
class Tuning:
    """The runtimes of an encoder on a machine, and the fastest one within the allowed error.

    Attributes:
        encoder: card name and weights.
        machine: what it was measured on, see Machine.key.
        frames: what the errors were measured on.
        max_error: largest distance_error that was allowed.
        trials: all runtimes.
        choice: name of the runtime that "auto" takes.
    """

    encoder: str
    machine: str
    frames: str
    max_error: float
    trials: tuple[Trial, ...]
    choice: str


def tuning_path(card: EncoderCard, weights_sha256: str, machine: Machine | None = None) -> Path:
    """Return where the tuning of these weights on a machine is kept, whether or not it exists."""
    place = f"{onnx_path(card, weights_sha256).name}{(machine or this_machine()).key}"
    digest = hashlib.sha256(place.encode()).hexdigest()[:12]
    return cache_dir() / "tune" / f"{card.name}@{weights_sha256[:12]}-{digest}.json"


def stored_tuning(card: EncoderCard, weights_sha256: str) -> Tuning | None:
    """Return the tuning of these weights on this machine with these runtimes, or None."""
    return _read(tuning_path(card, weights_sha256))


def tunings_here() -> list[Tuning]:
    """Return everything that was tuned on this machine with these runtimes, by encoder."""
    found = [_read(path) for path in sorted((cache_dir() / "tune").glob("[!.]*.json"))]
    return [tuning for tuning in found if tuning is not None and tuning.machine == this_machine().key]


def store_tuning(tuning: Tuning, card: EncoderCard, weights_sha256: str) -> Path:
    """Keep a tuning; the file appears complete or not at all."""
    path = tuning_path(card, weights_sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as draft:
        draft.write_text(json.dumps(dataclasses.asdict(tuning), indent=2) + "\n", encoding="utf-8")
    return path


def _read(path: Path) -> Tuning | None:
    if not path.is_file():
        return None
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        trials = tuple(Trial(**trial) for trial in values.pop("trials"))
        return Tuning(**values, trials=trials)
    except (ValueError, TypeError, KeyError, AttributeError):
        # Written by another version or cut short: as if it had not been measured.
        return None
