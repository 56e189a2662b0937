"""Reward-weighted regression: samples that came nearer to the goal count more."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policy_node.algorithms import ALGORITHMS
from policy_node.dataset import Dataset, Progress
from policy_node.learning import LearnedPolicy, TrainConfig
from policy_node.regression import fit


@ALGORITHMS.register("rwr")
def reward_weighted_regression(
    dataset: Dataset, config: TrainConfig, progress: Progress | None = None
) -> LearnedPolicy:
    """Minimise −E[exp(τ R) log π(a | φ(o), q)] with a Gaussian policy of fixed width.

    The objective of VIP (arXiv 2210.00030, eq. 7). Embedding distances differ in scale from encoder to
    encoder, so τ acts on R divided by its standard deviation over the dataset; config.reward_scale sets
    another divisor (1: the paper's raw units). Weights are divided by their mean, which leaves the optimum
    alone, and clipped from above.
    """
    rewards = [dataset.rewards(episode) for episode in dataset.episodes]
    scale = reward_scale(rewards, config.reward_scale)
    weights = reward_weights(np.concatenate(rewards), config.tau, scale, config.max_weight)
    parts = np.split(weights, np.cumsum([len(part) for part in rewards])[:-1])
    learned = fit(dataset, parts, config, progress)
    figures = {
        "tau": config.tau,
        "reward_scale": round(scale, 6),
        "weight_range": [round(float(weights.min()), 4), round(float(weights.max()), 4)],
    }
    return LearnedPolicy(learned.tensors, {**learned.figures, **figures})


def reward_scale(rewards: list[NDArray[np.float64]], fixed: float = 0.0) -> float:
    """Return the divisor of the rewards: the fixed one, or their standard deviation (1 if that is 0)."""
    return fixed if fixed > 0 else float(np.concatenate(rewards).std()) or 1.0


def reward_weights(
    rewards: NDArray[np.float64], tau: float, scale: float, largest: float
) -> NDArray[np.float64]:
    """Return exp(τ R / scale), of mean 1 and at most `largest` times the mean, [T]."""
    # The shift cancels in the division by the mean and keeps the exponential finite.
    exponent = tau * rewards / scale
    weights = np.exp(exponent - exponent.max())
    weights = np.minimum(weights / weights.mean(), largest)
    return weights / weights.mean()
