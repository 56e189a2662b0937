"""Behaviour cloning: every sample counts alike."""

from __future__ import annotations

from policy_node.algorithms import ALGORITHMS
from policy_node.dataset import Dataset, Progress
from policy_node.learning import LearnedPolicy, TrainConfig
from policy_node.regression import fit
from policy_node.rewards import even_weights


@ALGORITHMS.register("bc")
def behaviour_cloning(
    dataset: Dataset, config: TrainConfig, progress: Progress | None = None
) -> LearnedPolicy:
    """Minimise the squared error of the chunks; reward-weighted regression at τ = 0."""
    return fit(dataset, even_weights(dataset), config, progress)
