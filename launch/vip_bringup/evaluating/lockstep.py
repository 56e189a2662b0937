"""`vip eval` in lockstep: the simulator waits for the policy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policy_node.bundle import load_bundle
from policy_node.evaluation import EpisodeResult, EvaluationConfig
from policy_node.lockstep import evaluate_in_simulator
from vip_bringup.evaluating.films import FailureFilms
from vip_bringup.evaluating.sight import Sight
from vip_bringup.sweep.eyes import load_eyes
from vip_models.distances import distances


def evaluate_lockstep(
    policy: Path,
    task: str,
    episodes: int,
    seed: int,
    timeout: float,
    sight: Sight,
    videos: Path | None,
    told: Callable[[EpisodeResult], None],
) -> dict[str, Any]:
    """Run a policy on scenes of consecutive seeds, film the failures, and return the figures.

    Args:
        policy: folder of the bundle.
        task: task name; empty: the policy's own.
        episodes: how many scenes.
        seed: of the first scene.
        timeout: s per episode.
        sight: the encoder, where the policy's own description does not lead to it.
        videos: folder for films of the failures; None: none.
        told: hears of every finished episode.

    Raises:
        UserError: no such policy or task, or an encoder that is not the policy's.
    """
    bundle = load_bundle(policy)
    goal = bundle.goal
    films = FailureFilms(videos, task or bundle.config.task, bundle.config.rate)

    def watch(picture: NDArray[np.uint8], embedding: NDArray[np.float32]) -> None:
        films.see(picture, float(distances(embedding[None], goal.embedding, goal.metric)[0]))

    def ended(result: EpisodeResult) -> None:
        films.end(result.seed, result.success, "timeout")
        told(result)

    report = evaluate_in_simulator(
        policy,
        lambda config: load_eyes(sight.card_of(config.encoder), sight.weights),
        task,
        episodes,
        seed,
        EvaluationConfig(timeout=timeout),
        ended,
        watch if videos is not None else None,
    )
    return {**report, "videos": [str(path) for path in films.written]}
