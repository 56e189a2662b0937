"""Regression in which samples count by how good they were: what the weighted algorithms share."""

from __future__ import annotations

from policy_node.dataset import Dataset, Progress
from policy_node.learning import LearnedPolicy, TrainConfig
from policy_node.regression import fit
from policy_node.rewards import Floats, exponential_weights, reward_scale, weight_figures


def fit_by_worth(
    dataset: Dataset, worth: list[Floats], called: str, config: TrainConfig, progress: Progress | None
) -> LearnedPolicy:
    """Fit with weights exp(τ worth / scale).

    Args:
        dataset: the episodes.
        worth: of every sample, one array [T] per episode.
        called: what the worth is (reward, advantage), which names the scale in the figures.
        config: options; its reward_scale fixes the scale, else it is the standard deviation.
        progress: told the steps done.
    """
    scale = reward_scale(worth, config.reward_scale)
    weights = exponential_weights(worth, config.tau, scale, config.max_weight)
    figures = {"tau": config.tau, f"{called}_scale": round(scale, 6), **weight_figures(dataset, weights)}
    learned = fit(dataset, weights, config, progress)
    return LearnedPolicy(learned.tensors, {**learned.figures, **figures})
