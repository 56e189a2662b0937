"""The few directions of an embedding that foretell the arm's path, found by reduced-rank regression.

What varies most in a picture is the arm, which the policy knows anyway; the place of a bottle is a small part
of the variance and falls behind among principal components. But the path of a demonstration leads to the
bottle: a regression of where the arm will be on the embedding finds what tells it, without any label.
The directions are those of A. J. Izenman, "Reduced-rank regression for the multivariate linear model",
Journal of Multivariate Analysis 5 (1975), with a ridge.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from policy_node.episode_data import EpisodeData
from policy_node.projection import Projection, principal_components

AHEAD = (0.4, 0.8, 1.6, 3.2)
"""s after a picture at which the arm's place is foretold, beside that at the episode's end."""

_CANDIDATES = 64  # principal components among which the directions are sought
_LEAST_MOVE = 1e-2  # rad or m: a joint that moves less is not worth foretelling
_SMALLEST = 1e-6  # share of the best direction's strength under which another one foretells nothing


def futures(episodes: Sequence[EpisodeData]) -> NDArray[np.float64]:
    """Return where joints and fingers will be, [B, F], rad and m; after an episode's end they stay."""
    return np.concatenate([_future(episode) for episode in episodes])


def foretelling(embeddings: torch.Tensor, ahead: torch.Tensor, episodes: int, count: int) -> Projection:
    """Fit the projection.

    The ridge weighs as much as one episode: neighbouring pictures are no independent examples.

    Args:
        embeddings: of the training samples, [B, D].
        ahead: what is to be foretold of each, [B, F].
        episodes: how many episodes the samples come from.
        count: directions kept, at most as many as foretell anything.
    """
    base = principal_components(embeddings, _CANDIDATES)
    seen = base(embeddings).double()
    wanted = ahead.double() - ahead.double().mean(dim=0)
    wanted = wanted / wanted.std(dim=0).clamp_min(_LEAST_MOVE)
    ridge = len(seen) / episodes * torch.eye(seen.shape[1], dtype=torch.float64)
    slopes = torch.linalg.solve(seen.T @ seen + ridge, seen.T @ wanted)
    _, strengths, directions = torch.linalg.svd(seen @ slopes, full_matrices=False)
    kept = max(1, int((strengths[:count] > _SMALLEST * strengths[0].clamp_min(_SMALLEST)).sum()))
    chosen = slopes @ directions[:kept].T
    spread = (seen @ chosen).std(dim=0, correction=0).clamp_min(_SMALLEST)
    return Projection(base.mean, base.matrix @ (chosen / spread).to(base.matrix.dtype))


def _future(episode: EpisodeData) -> NDArray[np.float64]:
    tracks = episode.q if episode.fingers is None else np.concatenate([episode.q, episode.fingers], axis=1)
    later = [
        np.stack([np.interp(episode.times + ahead, episode.times, track) for track in tracks.T], axis=1)
        for ahead in AHEAD
    ]
    return np.concatenate([*later, np.repeat(tracks[-1:], len(tracks), axis=0)], axis=1)
