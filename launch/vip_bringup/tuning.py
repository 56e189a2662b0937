"""Choosing an encoder's runtime for this machine: the frames it is judged by, and the table people read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vip_models import load_card
from vip_models.tuning_store import Trial, Tuning
from vip_ros.errors import UserError

_SIMULATED = 2
# Frames of a given video that are looked at: enough for an error, few enough for a large network.
_MOST_FRAMES = 100


def tune_encoder(
    name: str, weights: Path | None, films: Sequence[Path], max_error: float
) -> tuple[Path, Tuning]:
    """Measure an encoder's runtimes on this machine and keep what was found.

    Args:
        name: an encoder card.
        weights: weights instead of the card's own.
        films: videos to measure errors on; none: demonstrations rendered by the simulator.
        max_error: largest error of a distance that is allowed, as a share of the first distance.

    Returns:
        The file it is kept in, and what was found.

    Raises:
        UserError: no weights, no frames, or an error that nothing can keep to.
    """
    from rich.console import Console

    from vip_models.tuning import tune
    from vip_models.tuning_store import store_tuning
    from vip_models.weights import file_sha256, locate_weights

    if not max_error > 0.0:
        raise UserError(f"--max-error {max_error} allows nothing", "give a share above 0, such as 0.01")
    card = load_card(name)
    path = locate_weights(card, weights)
    with Console(stderr=True).status("frames") as status:
        videos = [read_frames(film) for film in films] or simulated_frames()
        source = ", ".join(film.name for film in films) or "simulated demonstrations"
        tuning = tune(
            card, path, videos, source, max_error, report=lambda runtime: status.update(f"{name}: {runtime}")
        )
    return store_tuning(tuning, card, file_sha256(path)), tuning


def simulated_frames() -> list[np.ndarray]:
    """Return demonstrations of CloseDrawer rendered by the simulator, uint8 [T,H,W,3] each.

    Raises:
        UserError: there is nothing to render with.
    """
    from franka_node.sim.lockstep import collect

    return [collect("close_drawer", seed).frames for seed in range(_SIMULATED)]


def read_frames(film: Path, most: int = _MOST_FRAMES) -> np.ndarray:
    """Return up to `most` frames of a video or a folder of images, evenly spaced, uint8 [T,H,W,3].

    Raises:
        UserError: a film that cannot be read.
    """
    from vip_reward_node.video import Footage

    frames = [frame.rgb for frame in Footage(film)]
    if not frames:
        raise UserError(f"no frame can be decoded from {film}", "give another video")
    chosen = np.linspace(0, len(frames) - 1, min(most, len(frames))).round().astype(int)
    return np.stack([frames[index] for index in chosen])


def tuning_lines(tuning: Tuning) -> list[str]:
    """Return a table of what was measured, one line per runtime."""
    header = f"{'runtime':15} {'1 frame':>9} {'8 frames':>9}   distance error   embedding error"
    return [
        f"{tuning.encoder} on {tuning.machine}",
        header,
        *(_line(trial, trial.runtime == tuning.choice) for trial in tuning.trials),
        f"errors on {tuning.frames}; at most {tuning.max_error:.2%} of the first distance allowed",
    ]


def _line(trial: Trial, chosen: bool) -> str:
    if trial.one_ms is None or trial.eight_ms is None:
        return f"{trial.runtime:15} {trial.problem}"
    times = f"{trial.one_ms:6.1f} ms {trial.eight_ms:6.1f} ms"
    errors = f"{trial.distance_error or 0.0:14.3%}   {trial.step_error or 0.0:7.3f} frame steps"
    return f"{trial.runtime:15} {times}   {errors}   {'chosen' if chosen else trial.problem}".rstrip()
