"""Implicit Q-learning: values that suppose the better actions of the data, then weighted regression."""

from __future__ import annotations

from policy_node.algorithms import ALGORITHMS
from policy_node.dataset import Dataset, Progress
from policy_node.learning import LearnedPolicy, TrainConfig
from policy_node.values import implicit_advantages
from policy_node.weighting import fit_by_worth


@ALGORITHMS.register("iql")
def implicit_q_learning(
    dataset: Dataset, config: TrainConfig, progress: Progress | None = None
) -> LearnedPolicy:
    """Minimise −E[exp(τ (Q(s, a) − V(s)) / scale) log π(a | s)], as Kostrikov et al. (arXiv 2110.06169).

    V is the expectile of Q over the actions of the data, Q follows r + γ V(s') by temporal differences; an
    action is a whole chunk, the next state the one at its end. The scale is the advantages' standard
    deviation unless config.reward_scale sets another.
    """
    advantages = implicit_advantages(dataset, config, progress)
    return fit_by_worth(dataset, advantages, "advantage", config, progress)
