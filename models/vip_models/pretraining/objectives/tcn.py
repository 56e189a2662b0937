"""R3M's time-contrastive loss, without its language part: frames near in time are near, far ones far.

Source: Nair et al., "R3M: A Universal Visual Representation for Robot Manipulation", arXiv 2203.12601.
Of three frames in order, the middle one lies nearer to each end than the ends to each other, and frames of
other videos lie farther still; similarity is S = -||.||_2.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vip_models.pretraining.objectives import OBJECTIVES, Objective, Settings, distance, penalties, pick
from vip_models.torch_tools import import_torch

# R3M's own: twice inside the logarithm, so that no term exceeds -log(epsilon).
EPSILON = 1e-8


def draw_frames(lengths: NDArray[np.int64], uniforms: NDArray[np.float64]) -> NDArray[np.int64]:
    """Draw three frames in order, [B,3], of videos of B lengths (at least 3), as R3M does.

    The middle one is one of 1..T-2, the first lies before it, the last is it or lies after it.
    """
    middle = pick(np.ones_like(lengths), lengths - 2, uniforms[:, 0])
    first = pick(np.zeros_like(lengths), middle - 1, uniforms[:, 1])
    last = pick(middle, lengths - 1, uniforms[:, 2])
    return np.stack([first, middle, last], axis=1)


def tcn_loss(embeddings: Any, permutations: Any, settings: Settings) -> tuple[Any, dict[str, Any]]:
    """Return the loss, a scalar, and its parts.

    Args:
        embeddings: float [3,B,D] of three frames in order of B clips.
        permutations: int [2N,B]: N orders of the batch for the first frames, then N for the last ones.
        settings: weights of the norms.
    """
    first, middle, last = embeddings.unbind(0)
    ends = -distance(last, first)
    for_first, for_last = permutations.chunk(2) if len(permutations) else (permutations, permutations)
    late = _contrast(-distance(last, middle), ends, -distance(last, last[for_last]))
    early = _contrast(-distance(middle, first), ends, -distance(first, first[for_first]))
    contrast = ((late + early) / 2.0).mean()
    penalty, parts = penalties(embeddings, settings)
    parts["contrast"] = contrast
    return contrast + penalty, parts


def _contrast(positive: Any, ends: Any, others: Any) -> Any:
    """Return -log(e + exp(p) / (e + exp(p) + exp(n) + sum of exp(others))), [B], from logarithms alone."""
    torch = import_torch("the time-contrastive objective")
    log_epsilon = torch.full_like(positive, math.log(EPSILON))
    terms = torch.cat([torch.stack([positive, ends, log_epsilon]), others])
    return -torch.logaddexp(positive - torch.logsumexp(terms, dim=0), log_epsilon)


OBJECTIVES.register("tcn")(Objective(3, 3, draw_frames, lambda negatives: 2 * negatives, tcn_loss))
