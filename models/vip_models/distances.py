"""How far embeddings are from a goal's, the same for live rewards, offline curves and training.

VIP measures by the Euclidean distance (Ma et al., ICLR 2023, arXiv 2210.00030). Where an encoder's authors
compare by angle (CLIP; LIV, arXiv 2306.00958) the value is the cosine similarity; as a distance it is counted
from the goal, 1 - cosine. An encoder's card says which.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vip_ros.errors import UserError

Floats = NDArray[np.float64]


def distances(embeddings: ArrayLike, goal: ArrayLike, metric: str = "l2") -> Floats:
    """Return the distance of each embedding [T, D] to one goal embedding [D], [T].

    Args:
        embeddings: of the frames.
        goal: of the goal.
        metric: "l2" for ||phi(o_t) - phi(g)||_2; "cosine" for 1 - cosine similarity, in [0, 2].

    Raises:
        UserError: the shapes do not fit each other, or a number is not finite.
    """
    points = np.asarray(embeddings, dtype=np.float64)
    target = np.asarray(goal, dtype=np.float64)
    if points.ndim != 2 or target.shape != points.shape[1:]:
        raise UserError(
            f"embeddings of shape {points.shape} do not fit a goal of shape {target.shape}",
            "make the goal again with the encoder in use",
        )
    if metric == "cosine":
        points, target = _unit(points), _unit(target)
    result = np.sqrt(np.square(points - target).sum(axis=1))
    if metric == "cosine":
        # 1 - cos of unit vectors, without the cancellation near the goal.
        result = 0.5 * np.square(result)
    if not np.isfinite(result).all():
        raise UserError("the encoder gave an embedding that is not finite", "check its weights file")
    return result


def _unit(vectors: Floats) -> Floats:
    """Return the vectors [..., D] at length 1; those without a direction stay 0."""
    lengths = np.sqrt(np.square(vectors).sum(axis=-1, keepdims=True))
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths != 0.0)
