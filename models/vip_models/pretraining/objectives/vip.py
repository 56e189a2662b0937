"""The VIP objective: a goal-conditioned value function learned from video alone.

Source: Ma et al., "VIP: Towards Universal Visual Reward and Representation via Value-Implicit Pre-Training",
arXiv 2210.00030, Algorithm 2 (with the mean in place of the sum inside the logarithm, which shifts the loss
by a constant). The value of an image o for a goal image g is V(o; g) = -||phi(o) - phi(g)||_2, and every step
that is not the goal costs r = -1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vip_models.pretraining.objectives import OBJECTIVES, Objective, Settings, distance, penalties, pick
from vip_models.torch_tools import import_torch

EPSILON = 1e-8
STEP_REWARD = -1.0


def draw_frames(lengths: NDArray[np.int64], uniforms: NDArray[np.float64]) -> NDArray[np.int64]:
    """Draw (first, goal, k, k+1) [B,4] of B videos of at least three frames: start, end and a pair between.

    first is one of 0..T-3, goal of first+1..T-1, k of first..goal-1.
    """
    first = pick(np.zeros_like(lengths), lengths - 3, uniforms[:, 0])
    goal = pick(first + 1, lengths - 1, uniforms[:, 1])
    now = pick(first, goal - 1, uniforms[:, 2])
    return np.stack([first, goal, now, now + 1], axis=1)


def value(embedding: Any, goal: Any) -> Any:
    """Return V(o; g) = -||phi(o) - phi(g)||_2, [B], of embeddings [B,D]."""
    return -distance(embedding, goal)


def negative_errors(now: Any, after: Any, goal: Any, discount: float) -> Any:
    """Return V(o_k; g) - r - gamma V(o_k+1; g), the negative temporal-difference errors, [B]."""
    return value(now, goal) - STEP_REWARD - discount * value(after, goal)


def log_mean_exp(exponent: Any) -> Any:
    """Return log(epsilon + mean(exp(x))) over all elements without overflow."""
    torch = import_torch("the VIP objective")
    flat = exponent.flatten()
    log_mean = torch.logsumexp(flat, dim=0) - math.log(flat.numel())
    return torch.logaddexp(log_mean, torch.full_like(log_mean, math.log(EPSILON)))


def vip_loss(embeddings: Any, permutations: Any, settings: Settings) -> tuple[Any, dict[str, Any]]:
    """Return the loss, a scalar, and its parts.

    Args:
        embeddings: float [4,B,D]: first frame, goal (last) frame, middle frame k, frame k+1 of B clips.
        permutations: int [P,B]: whose middle pair is scored against each goal, P times; P may be 0.
        settings: discount and weights of the norms.
    """
    first, goal, now, after = embeddings.unbind(0)
    attract = (1.0 - settings.discount) * -value(first, goal).mean()
    repel = log_mean_exp(negative_errors(now, after, goal, settings.discount))
    penalty, parts = penalties(embeddings, settings)
    parts.update(attract=attract, repel=repel)
    loss = attract + repel + penalty
    if len(permutations):
        other = negative_errors(now[permutations], after[permutations], goal, settings.discount)
        parts["negative"] = log_mean_exp(other)
        loss = loss + parts["negative"]
    return loss, parts


OBJECTIVES.register("vip")(Objective(4, 3, draw_frames, lambda negatives: negatives, vip_loss))
OBJECTIVES.register("vip-no-negatives")(Objective(4, 3, draw_frames, lambda negatives: 0, vip_loss))
