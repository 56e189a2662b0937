"""VIP with more use of every image: several pairs between one start and one goal, in all valid combinations.

Embedding an image costs ten thousand times what a distance costs. With m pairs (k, k+1) in order between a
start and a goal, every frame k serves as a start too and every frame k+1 as a goal: every (start, pair, goal)
that is compared is one that VIP itself may draw. The formula is that of `vip`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vip_models.pretraining.objectives import OBJECTIVES, Objective, Settings, distance, penalties, pick
from vip_models.pretraining.objectives.vip import log_mean_exp, negative_errors
from vip_models.torch_tools import import_torch

PAIRS = 3  # m; eight frames of each clip


def draw_frames(lengths: NDArray[np.int64], uniforms: NDArray[np.float64]) -> NDArray[np.int64]:
    """Draw (start, k_1, k_1+1, .., k_m, k_m+1, goal) [B,2m+2] of B videos of at least three frames.

    Start and goal are drawn as VIP draws them, each k too, and then sorted; they may coincide.
    """
    start = pick(np.zeros_like(lengths), lengths - 3, uniforms[:, 0])
    goal = pick(start + 1, lengths - 1, uniforms[:, 1])
    now = np.sort([pick(start, goal - 1, column) for column in uniforms[:, 2:].T], axis=0)
    pairs = np.stack([now, now + 1], axis=1).reshape(-1, len(lengths))
    return np.concatenate([start[None], pairs, goal[None]]).T


def dense_loss(embeddings: Any, permutations: Any, settings: Settings) -> tuple[Any, dict[str, Any]]:
    """Return the loss, a scalar, and its parts.

    Args:
        embeddings: float [2m+2,B,D]: start, m pairs in order, goal of B clips.
        permutations: int [P,B]: whose pairs are scored against each clip's goals, P times; P may be 0.
        settings: discount and weights of the norms.
    """
    cat = import_torch("the VIP objective").cat
    now, after = embeddings[1:-1:2], embeddings[2:-1:2]
    starts, goals = cat([embeddings[:1], now]), cat([after, embeddings[-1:]])  # [m+1,B,D] each
    from_start, to_goal = _in_order(len(starts), lambda start, goal: start <= goal + 1)
    pair, target = _in_order(len(starts), lambda pair, goal: pair <= goal and pair < len(now))
    attract = (1.0 - settings.discount) * distance(starts[from_start], goals[to_goal]).mean()
    repel = log_mean_exp(negative_errors(now[pair], after[pair], goals[target], settings.discount))
    penalty, parts = penalties(embeddings, settings)
    parts.update(attract=attract, repel=repel)
    loss = attract + repel + penalty
    if len(permutations):
        others = now[:, permutations][:, None], after[:, permutations][:, None]  # [m,1,P,B,D]
        errors = negative_errors(*others, goals[None, :, None], settings.discount)
        parts["negative"] = log_mean_exp(errors)
        loss = loss + parts["negative"]
    return loss, parts


def _in_order(count: int, valid: Callable[[int, int], bool]) -> tuple[list[int], list[int]]:
    """Return the index pairs below count that are valid, as two lists."""
    chosen = [(i, j) for i in range(count) for j in range(count) if valid(i, j)]
    return [i for i, _ in chosen], [j for _, j in chosen]


OBJECTIVES.register("vip-dense")(
    Objective(2 * PAIRS + 2, 2 + PAIRS, draw_frames, lambda negatives: negatives, dense_loss)
)
