"""The VIP objective: a goal-conditioned value function learned from video alone.

Source: Ma et al., "VIP: Towards Universal Visual Reward and Representation via Value-Implicit Pre-Training",
arXiv 2210.00030, Algorithm 2 (with the mean in place of the sum inside the logarithm, which shifts the loss
by a constant). The value of an image o for a goal image g is V(o; g) = -||phi(o) - phi(g)||_2, and every step
that is not the goal costs r = -1.
"""

from __future__ import annotations

import math
from typing import Any

from vip_models.torch_tools import import_torch

EPSILON = 1e-8
STEP_REWARD = -1.0


def value(embedding: Any, goal: Any) -> Any:
    """Return V(o; g) = -||phi(o) - phi(g)||_2, [B], of embeddings [B,D]."""
    torch = import_torch("the VIP objective")
    return -torch.linalg.vector_norm(embedding - goal, dim=-1)


def log_mean_exp(exponent: Any) -> Any:
    """Return log(epsilon + mean(exp(x))) over all elements without overflow."""
    torch = import_torch("the VIP objective")
    flat = exponent.flatten()
    log_mean = torch.logsumexp(flat, dim=0) - math.log(flat.numel())
    return torch.logaddexp(log_mean, torch.full_like(log_mean, math.log(EPSILON)))


def vip_loss(
    embeddings: Any,
    discount: float = 0.98,
    negatives: int = 3,
    l1_weight: float = 1e-3,
    l2_weight: float = 1e-3,
    permutations: Any = None,
    generator: Any = None,
) -> tuple[Any, dict[str, float]]:
    """Return the loss, a scalar, and its parts.

    Args:
        embeddings: float [4,B,D]: first frame, goal (last) frame, middle frame k, frame k+1 of B clips.
        discount: gamma, per frame.
        negatives: how many times the middle pairs are scored against another clip's goal.
        l1_weight: weight of the mean L1 norm of all embeddings.
        l2_weight: weight of their mean L2 norm.
        permutations: int [negatives,B]: whose middle pair goes with each goal; None draws them.
        generator: torch.Generator for that draw.
    """
    torch = import_torch("the VIP objective")
    first, goal, now, after = embeddings.unbind(0)
    batch = first.shape[0]
    attract = (1.0 - discount) * -value(first, goal).mean()
    repel = log_mean_exp(value(now, goal) - STEP_REWARD - discount * value(after, goal))
    loss = attract + repel
    parts = {"attract": attract.item(), "repel": repel.item()}
    if negatives:
        if permutations is None:
            permutations = torch.stack([torch.randperm(batch, generator=generator) for _ in range(negatives)])
        other = value(now[permutations], goal) - STEP_REWARD - discount * value(after[permutations], goal)
        negative = log_mean_exp(other)
        loss = loss + negative
        parts["negative"] = negative.item()
    l1 = torch.linalg.vector_norm(embeddings, ord=1, dim=-1).mean()
    l2 = torch.linalg.vector_norm(embeddings, ord=2, dim=-1).mean()
    loss = loss + l1_weight * l1 + l2_weight * l2
    return loss, {**parts, "l1": l1.item(), "l2": l2.item(), "loss": loss.item()}
