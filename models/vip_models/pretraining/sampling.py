"""Which clips a step trains on: a pure function of seed and step, so that a resumed run goes on alike.

Every process draws the whole batch, a few random numbers per clip, and reads its own share of it: however
many processes there are, they see together what one would see alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vip_models.pretraining.augmentation import CROP_UNIFORMS
from vip_models.pretraining.objectives import Objective


@dataclass(frozen=True)
class Draw:
    """What one step trains on.

    Attributes:
        videos: index of each clip's video, int [B].
        frames: indices of its frames, int [B,F].
        crops: random numbers in [0, 1) from which its crop follows, [B,CROP_UNIFORMS].
        permutations: orders of the batch for comparisons with other clips, int [P,B].
    """

    videos: NDArray[np.int64]
    frames: NDArray[np.int64]
    crops: NDArray[np.float64]
    permutations: NDArray[np.int64]


def draw_step(
    objective: Objective,
    lengths: NDArray[np.int64],
    batch: int,
    negatives: int,
    seed: tuple[int, ...],
    step: int,
    attempt: int = 0,
) -> Draw:
    """Draw one step; videos are drawn uniformly, whatever their lengths.

    Args:
        objective: which frames of a clip it takes.
        lengths: frames of each video, int [V].
        batch: clips, B.
        negatives: comparisons with other clips.
        seed: of the run.
        step: number of the step, from 0.
        attempt: another draw of the same step, for clips whose frames turn out to be damaged.
    """
    rng = np.random.default_rng([*seed, step, attempt])
    uniforms = rng.random((batch, 1 + objective.uniforms + CROP_UNIFORMS))
    videos = np.floor(uniforms[:, 0] * len(lengths)).astype(np.int64)
    frames = objective.draw(lengths[videos], uniforms[:, 1 : 1 + objective.uniforms])
    orders = np.tile(np.arange(batch), (objective.permutations(negatives), 1))
    return Draw(
        videos,
        frames,
        uniforms[:, 1 + objective.uniforms :],
        rng.permuted(orders, axis=1) if len(orders) else orders,
    )


def own_rows(batch: int, rank: int, world: int) -> slice:
    """Return which clips of a batch a process computes."""
    share = batch // world
    return slice(rank * share, (rank + 1) * share)
