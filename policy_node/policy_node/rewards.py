"""What a sample is worth: the distance to the goal that was covered after it, over one step or more.

R = S(o_{t+n}; g) − S(o_t; g) with S(o; g) = −distance(φ(o), φ(g)) (VIP, arXiv 2210.00030, section 5). The
paper takes one step; differences telescope, so n steps are the sum of n rewards.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policy_node.dataset import Dataset, EpisodeData
from policy_node.learning import (
    CHANGE,
    SPARSE,
    TO_END_OF_CHUNK,
    TO_END_OF_EPISODE,
    WHOLE_EPISODE,
    TrainConfig,
)

Floats = NDArray[np.float64]

_ROUNDS, _EXCESS = 200, 1e-3
"""How often weights are cut and raised again at most; by how much the largest may then be too large."""


def dataset_rewards(dataset: Dataset, config: TrainConfig) -> list[Floats]:
    """Return R of every sample, one array [T] per episode, in embedding distance (sparse: 0 or 1)."""
    if config.reward_steps == WHOLE_EPISODE:
        return [np.full(len(episode.times), _total(dataset, episode, config)) for episode in dataset.episodes]
    return span_rewards(dataset, config, reward_span(dataset, config))


def span_rewards(dataset: Dataset, config: TrainConfig, span: float) -> list[Floats]:
    """Return the rewards over `span` s, one array [T] per episode; a sparse one ends at the last step."""
    if config.reward == SPARSE:
        return [sparse_rewards(episode, min(span, dataset.step_duration)) for episode in dataset.episodes]
    return [dataset.rewards(episode, span, config.goal == CHANGE) for episode in dataset.episodes]


def reward_span(dataset: Dataset, config: TrainConfig) -> float:
    """Return the time over which a reward counts, s; infinite: to the end of the episode."""
    if config.reward_steps == TO_END_OF_EPISODE:
        return float("inf")
    if config.reward_steps == TO_END_OF_CHUNK:
        return dataset.step_duration * dataset.horizon
    return dataset.step_duration * config.reward_steps


def sparse_rewards(episode: EpisodeData, span: float) -> Floats:
    """Return 1 for the samples that end a successful episode within `span` s, else 0, [T]."""
    if not episode.success:
        return np.zeros(len(episode.times))
    return (episode.times >= episode.times[-1] - span).astype(np.float64)


def returns(dataset: Dataset, config: TrainConfig) -> list[Floats]:
    """Return the discounted sum of the rewards from every sample to the end of its episode, one [T] each.

    Pictures need not be evenly spaced: the discount is per step_duration, by the time between them.
    """
    return [
        discounted(_gains(dataset, episode, config), decay(dataset, episode.times, config))
        for episode in dataset.episodes
    ]


def discounted(gains: Floats, decays: Floats) -> Floats:
    """Return G_i = gain_i + decay_i G_{i+1}, [T], from gains and decays [T − 1]; the last is 0."""
    totals = np.zeros(len(gains) + 1)
    for i in range(len(gains) - 1, -1, -1):
        totals[i] = gains[i] + decays[i] * totals[i + 1]
    return totals


def decay(dataset: Dataset, times: Floats, config: TrainConfig) -> Floats:
    """Return the discount between each sample and the next, [T − 1]."""
    return np.asarray(config.discount ** (np.diff(times) / dataset.step_duration))


def _gains(dataset: Dataset, episode: EpisodeData, config: TrainConfig) -> Floats:
    """Return the reward between each picture and the next, [T − 1]."""
    if config.reward == SPARSE:
        gains = np.zeros(len(episode.times) - 1)
        gains[-1:] = float(episode.success)
        return gains
    return -np.diff(dataset.distances(episode, config.goal == CHANGE))


def _total(dataset: Dataset, episode: EpisodeData, config: TrainConfig) -> float:
    """Return the sum of an episode's rewards: what it covered of the way from its first picture."""
    return float(_gains(dataset, episode, config).sum())


def reward_scale(rewards: list[Floats], fixed: float = 0.0) -> float:
    """Return the divisor of the rewards: the fixed one, or their standard deviation (1 if that is 0)."""
    return fixed if fixed > 0 else float(np.concatenate(rewards).std()) or 1.0


def exponential_weights(values: list[Floats], tau: float, scale: float, largest: float) -> list[Floats]:
    """Return exp(τ value / scale), of mean 1 and at most `largest` times the mean, one array [T] each."""
    weights = reward_weights(np.concatenate(values), tau, scale, largest)
    return np.split(weights, np.cumsum([len(part) for part in values])[:-1])


def reward_weights(rewards: Floats, tau: float, scale: float, largest: float) -> Floats:
    """Return exp(τ R / scale), of mean 1 and at most `largest` times the mean, [T].

    What the largest weights lose the others gain in proportion, until none is too large. It stays larger
    where so few samples count at all that they could not make up the mean otherwise.
    """
    # The shift cancels in the division by the mean and keeps the exponential finite.
    exponent = tau * rewards / scale
    weights = np.exp(exponent - exponent.max())
    weights /= weights.mean()
    for _ in range(_ROUNDS):
        if weights.max() <= largest * (1 + _EXCESS):
            break
        weights = np.minimum(weights, largest)
        weights /= weights.mean()
    return weights


def even_weights(dataset: Dataset) -> list[Floats]:
    """Return 1 for every sample, one array [T] per episode."""
    return [np.ones(len(episode.times)) for episode in dataset.episodes]


def weight_figures(dataset: Dataset, weights: list[Floats]) -> dict[str, float | list[float]]:
    """Return what the weights do: their range, the share of samples that they amount to, success's share.

    The share is Kish's effective sample size, (Σw)² / Σw², over the number of samples.
    """
    together = np.concatenate(weights)
    solved = sum(
        float(w.sum()) for w, episode in zip(weights, dataset.episodes, strict=True) if episode.success
    )
    return {
        "weight_range": [round(float(together.min()), 4), round(float(together.max()), 4)],
        "effective_share": round(float(together.sum() ** 2 / (together @ together) / len(together)), 3),
        "weight_on_successes": round(solved / float(together.sum()), 3),
    }
