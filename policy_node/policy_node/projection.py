"""The few directions in which embeddings of one task vary, found by principal component analysis.

An embedding has hundreds of features, and 20 demonstrations show about 20 scenes: a network that sees all
features learns the scenes by heart. Seen through its first components, the embedding keeps what changes
between and within episodes (where things stand, how far the task has come).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

# Share of the largest deviation under which a direction holds rounding noise only.
_SMALLEST = 1e-4


@dataclass(frozen=True)
class Projection:
    """Maps embeddings [B, D] to components [B, K], of mean 0 and deviation 1 over the training data."""

    mean: torch.Tensor
    matrix: torch.Tensor

    def __call__(self, embeddings: torch.Tensor) -> torch.Tensor:
        """Return components [B, K]."""
        return (embeddings - self.mean) @ self.matrix


def principal_components(embeddings: torch.Tensor, count: int) -> Projection:
    """Fit the projection on embeddings [B, D].

    Args:
        embeddings: of the training samples.
        count: components kept, at most as many as there are; 0 keeps every feature, standardised.
    """
    mean = embeddings.mean(dim=0)
    if count == 0:
        return Projection(mean, torch.diag(1.0 / embeddings.std(dim=0).clamp_min(_SMALLEST)))
    _, deviations, directions = torch.linalg.svd(embeddings - mean, full_matrices=False)
    kept = int((deviations[:count] > _SMALLEST * deviations[0].clamp_min(_SMALLEST)).sum())
    kept = max(1, kept)
    spread = (deviations[:kept] / len(embeddings) ** 0.5).clamp_min(_SMALLEST)
    return Projection(mean, directions[:kept].T / spread)


def behind(count: int, projection: Projection) -> Projection:
    """Return the projection of longer embeddings, whose first `count` features it does not look at."""
    mean, matrix = projection.mean, projection.matrix
    return Projection(
        torch.cat([mean.new_zeros(count), mean]),
        torch.cat([matrix.new_zeros(count, matrix.shape[1]), matrix]),
    )


def beside(first: Projection, second: Projection) -> Projection:
    """Return the projection of two embeddings one after the other, [B, 2 D] to [B, K + L]."""
    return Projection(torch.cat([first.mean, second.mean]), torch.block_diag(first.matrix, second.matrix))
