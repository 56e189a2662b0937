"""The few directions of an embedding that foretell the arm's path better than its joints do.

What varies most in a picture is the arm, which the policy knows anyway; the place of a bottle is a small part
of the variance and falls behind among principal components. But the path of a demonstration leads to the
bottle: a regression of where the arm will be on the embedding finds what tells it, without any label.
Most of where the arm will be follows from where it is, and the picture shows that too. So what joints and
fingers tell is taken away from both sides first (the partial regression of R. Frisch and F. V. Waugh,
Econometrica 1, 1933); what is left is the scene. The directions are those of A. J. Izenman, "Reduced-rank
regression for the multivariate linear model", Journal of Multivariate Analysis 5 (1975), with a ridge that is
chosen by leaving out one episode after the other.
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
_RIDGES = (0.01, 0.1, 1.0, 10.0)  # in examples; an episode is one, for neighbouring pictures are alike
_TOLD_RIDGE = 0.01  # the same, where joints tell; their squares must not cancel each other
_LEAST_MOVE = 1e-2  # rad or m: what moves less must not be blown up
_SMALLEST = 1e-6  # share of the best direction's strength under which another one foretells nothing


def futures(episodes: Sequence[EpisodeData]) -> NDArray[np.float64]:
    """Return where joints and fingers will be, [B, F], rad and m; after an episode's end they stay."""
    return np.concatenate([_future(episode) for episode in episodes])


def foretelling(
    embeddings: torch.Tensor, q: torch.Tensor, ahead: torch.Tensor, lengths: Sequence[int], count: int
) -> Projection:
    """Fit the projection.

    Args:
        embeddings: of the training samples, [B, D].
        q: joints and fingers of the same times, rad and m, [B, N + S].
        ahead: what is to be foretold of each, rad and m, [B, F].
        lengths: samples of each episode, in their order.
        count: directions kept, at most as many as foretell anything.
    """
    base = principal_components(embeddings, _CANDIDATES)
    whole, told = base(embeddings).double(), _squares(q.double())
    ridge = _TOLD_RIDGE * len(told) / len(lengths)
    slopes = _slopes(_beyond(told, whole, ridge), _beyond(told, ahead.double(), ridge), lengths)
    # Of the whole embedding, not of what is left of it: the network sees the whole, and noise on directions
    # that are not correlated is noise of one size on all that they tell.
    _, strengths, directions = torch.linalg.svd(whole @ slopes, full_matrices=False)
    kept = max(1, int((strengths[:count] > _SMALLEST * strengths[0].clamp_min(_SMALLEST)).sum()))
    chosen = slopes @ directions[:kept].T
    spread = (whole @ chosen).std(dim=0, correction=0).clamp_min(_SMALLEST)
    return Projection(base.mean, base.matrix @ (chosen / spread).to(base.matrix.dtype))


def _future(episode: EpisodeData) -> NDArray[np.float64]:
    tracks = episode.q if episode.fingers is None else np.concatenate([episode.q, episode.fingers], axis=1)
    later = [
        np.stack([np.interp(episode.times + ahead, episode.times, track) for track in tracks.T], axis=1)
        for ahead in AHEAD
    ]
    return np.concatenate([*later, np.repeat(tracks[-1:], len(tracks), axis=0)], axis=1)


def _squares(q: torch.Tensor) -> torch.Tensor:
    """Return 1, the standardised joints and all their products of two, [B, 1 + N + N (N + 1) / 2]."""
    scaled = (q - q.mean(dim=0)) / q.std(dim=0, correction=0).clamp_min(_LEAST_MOVE)
    row, column = torch.triu_indices(scaled.shape[1], scaled.shape[1])
    ones = torch.ones(len(q), 1, dtype=q.dtype)
    return torch.cat([ones, scaled, scaled[:, row] * scaled[:, column]], dim=1)


def _beyond(told: torch.Tensor, values: torch.Tensor, ridge: float) -> torch.Tensor:
    """Return what is left of values [B, K] without what a ridge regression on told [B, T] says of them."""
    centred = values - values.mean(dim=0)
    gram = told.T @ told + ridge * torch.eye(told.shape[1], dtype=told.dtype)
    return centred - told @ torch.linalg.solve(gram, told.T @ centred)


def _slopes(seen: torch.Tensor, wanted: torch.Tensor, lengths: Sequence[int]) -> torch.Tensor:
    """Return the slopes [K, F], each column with the ridge that foretells left-out episodes best.

    A column that none foretells better than silence gets none; if that is every column, the strongest ridge
    serves: to see little beats blindness.
    """
    units = len(seen) / len(lengths)
    identity = torch.eye(seen.shape[1], dtype=seen.dtype)
    gram, product = seen.T @ seen, seen.T @ wanted
    slopes = product.new_zeros(product.shape)
    least = wanted.square().sum(dim=0) if len(lengths) > 1 else wanted.new_zeros(wanted.shape[1])
    for ridge in _RIDGES:
        penalty = ridge * units * identity
        fitted = torch.linalg.solve(gram + penalty, product)
        error = _left_out_error(seen, wanted, lengths, gram + penalty, product)
        better = error < least
        slopes, least = torch.where(better, fitted, slopes), torch.where(better, error, least)
    return slopes if slopes.any() else fitted


def _left_out_error(
    seen: torch.Tensor,
    wanted: torch.Tensor,
    lengths: Sequence[int],
    gram: torch.Tensor,
    product: torch.Tensor,
) -> torch.Tensor:
    """Return the squared error of each column over all episodes, each foretold from the others, [F].

    gram [K, K], penalty included, and product [K, F] are those of all episodes.
    """
    error = wanted.new_zeros(wanted.shape[1])
    for own, goal in zip(seen.split(list(lengths)), wanted.split(list(lengths)), strict=True):
        slopes = torch.linalg.solve(gram - own.T @ own, product - own.T @ goal)
        error += (goal - own @ slopes).square().sum(dim=0)
    return error
