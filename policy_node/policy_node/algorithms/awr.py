"""Advantage-weighted regression: samples that did better than is usual from where they were count more."""

from __future__ import annotations

from policy_node.algorithms import ALGORITHMS
from policy_node.dataset import Dataset, Progress
from policy_node.learning import LearnedPolicy, TrainConfig
from policy_node.rewards import returns
from policy_node.values import cross_fitted_values
from policy_node.weighting import fit_by_worth


@ALGORITHMS.register("awr")
def advantage_weighted_regression(
    dataset: Dataset, config: TrainConfig, progress: Progress | None = None
) -> LearnedPolicy:
    """Minimise −E[exp(τ (G − V(s)) / scale) log π(a | s)].

    G is the discounted sum of the rewards to the end of the episode, V a network that predicts it (Peng et
    al., arXiv 1910.00177). With some 20 episodes a network knows its own returns by heart and every advantage
    would be 0, so a sample's value comes from a network that never saw its episode (cross-fitting).
    The scale is the advantages' standard deviation unless config.reward_scale sets another.
    """
    totals = returns(dataset, config)
    values = cross_fitted_values(dataset, totals, config)
    advantages = [total - value for total, value in zip(totals, values, strict=True)]
    return fit_by_worth(dataset, advantages, "advantage", config, progress)
