"""What can be asked of embeddings beside the objective: to keep the picture, and to tell the time to a goal.

Neither takes labels. `Reconstruction` keeps where things are, in a form that is linear to read; the error
of the returns teaches from every pair of frames what the objective learns from neighbours, that of the order
which of two frames is nearer to a third, at whatever speed a video is.
"""

from __future__ import annotations

from typing import Any

import torch

from vip_models.pretraining.objectives import distance

PICTURE_SIDE = 28  # pixels of what is read from an embedding: a finger is about one wide
_SMALL = 1e-6


def small_pictures(frames: Any, side: int = PICTURE_SIDE) -> Any:
    """Return frames uint8 [N,size,size,3] made small by averaging, float [N,3,side,side] in 0..255."""
    return torch.nn.functional.adaptive_avg_pool2d(frames.permute(0, 3, 1, 2).float(), side)


class Reconstruction(torch.nn.Module):
    """A linear read-out of a small version of the picture; trained along, left out of the encoder.

    Args:
        dim: length of the embeddings.
        side: of the small picture, pixels.
        seed: of its weights.
    """

    def __init__(self, dim: int, side: int, seed: int) -> None:
        super().__init__()
        self._side = side
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.read = torch.nn.Linear(dim, 3 * side * side)

    def pictures(self, frames: Any) -> Any:
        """Return frames uint8 [F,B,size,size,3] made small, float [F,B,3*side*side] in -1..1."""
        small = small_pictures(frames.flatten(0, 1), self._side)
        return (small / 127.5 - 1.0).flatten(1).unflatten(0, frames.shape[:2])

    def forward(self, embeddings: Any, pictures: Any) -> Any:
        """Return the share of the pictures' variance that is not explained: between clips plus within them.

        The second share is of what moves, which is little beside what differs from one scene to another.

        Args:
            embeddings: [F,B,D].
            pictures: [F,B,P].
        """
        spread = embeddings - embeddings.mean((0, 1))  # embeddings are of any size; what is read is not
        scaled = spread / (spread.square().mean().sqrt() + _SMALL)
        error = self.read(scaled) - pictures
        means = error.mean(0), pictures.mean(0)
        within = _share(error - means[0], pictures - means[1])
        return within + _share(means[0], means[1] - means[1].mean(0))


def _share(error: Any, of: Any) -> Any:
    return error.square().sum() / (of.square().sum() + _SMALL)


def return_error(embeddings: Any, times: Any, discount: float) -> Any:
    """Return how far the distances of a clip's frames are from the discounted time between them.

    A frame that lies n steps before another has the return -(1 - gamma^n) / (1 - gamma) for it, which VIP's
    value -|phi - phi| approaches by temporal differences; here it is a regression, squared error per unit.

    Args:
        embeddings: [F,B,D].
        times: number of each frame in its video, int [F,B].
        discount: gamma.
    """
    early, late = torch.combinations(torch.arange(len(times)), 2).unbind(1)
    steps = (times[late] - times[early]).abs().to(embeddings.dtype)
    wanted = steps if discount == 1.0 else (1.0 - discount**steps) / (1.0 - discount)
    error = (distance(embeddings[early], embeddings[late]) - wanted).square() / wanted.clamp(min=1.0)
    return (error * (steps > 0)).sum() / (steps > 0).sum().clamp(min=1)


def order_error(embeddings: Any, times: Any) -> Any:
    """Return the mean of log(1 + exp(d(j, k) - d(i, k))) over all frames i before j, not after k, of a clip.

    It is small where every step of a video brings it nearer to each of its later frames: the logistic loss
    of ranking pairs (Burges et al., "Learning to rank using gradient descent", ICML 2005), with distances in
    units of a step.

    Args:
        embeddings: [F,B,D].
        times: number of each frame in its video, int [F,B]; frames may stand in any order.
    """
    count = len(times)
    order = times.argsort(dim=0)
    ordered = embeddings.gather(0, order[..., None].expand_as(embeddings))
    steps = times.gather(0, order)
    apart = distance(ordered[:, None], ordered[None])
    triples = [(i, j, k) for i in range(count) for j in range(i + 1, count) for k in range(j, count)]
    early, late, goal = torch.tensor(triples).unbind(1)
    error = torch.nn.functional.softplus(apart[late, goal] - apart[early, goal])
    valid = steps[early] < steps[late]
    return (error * valid).sum() / valid.sum().clamp(min=1)
