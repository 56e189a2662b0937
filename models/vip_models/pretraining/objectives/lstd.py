"""The least-squares ablation of VIP: the squared temporal-difference error in place of the logarithm.

VIP's first term, which draws the first frame to the goal, is dropped (arXiv 2210.00030, the variant that
its tables call LSTD). Pairs of other clips, scored against the goal, enter with their squared error too.
"""

from __future__ import annotations

from typing import Any

from vip_models.pretraining.objectives import OBJECTIVES, Objective, Settings, penalties
from vip_models.pretraining.objectives.vip import draw_frames, negative_errors


def lstd_loss(embeddings: Any, permutations: Any, settings: Settings) -> tuple[Any, dict[str, Any]]:
    """Return the loss, a scalar, and its parts; the arguments are those of `vip_loss`."""
    _, goal, now, after = embeddings.unbind(0)
    error = negative_errors(now, after, goal, settings.discount).square().mean()
    penalty, parts = penalties(embeddings, settings)
    parts["squared_error"] = error
    loss = error + penalty
    if len(permutations):
        other = negative_errors(now[permutations], after[permutations], goal, settings.discount)
        parts["negative"] = other.square().mean()
        loss = loss + parts["negative"]
    return loss, parts


OBJECTIVES.register("vip-lstd")(Objective(4, 3, draw_frames, lambda negatives: negatives, lstd_loss))
