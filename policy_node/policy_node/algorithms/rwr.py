"""Reward-weighted regression: samples that came nearer to the goal count more."""

from __future__ import annotations

from policy_node.algorithms import ALGORITHMS
from policy_node.dataset import Dataset, Progress
from policy_node.learning import LearnedPolicy, TrainConfig
from policy_node.rewards import dataset_rewards
from policy_node.weighting import fit_by_worth


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
    return fit_by_worth(dataset, dataset_rewards(dataset, config), "reward", config, progress)
