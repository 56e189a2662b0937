"""How good a moment of the data is, learned: values and advantages of the samples, in torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from policy_node.dataset import Dataset, Progress
from policy_node.learning import TrainConfig
from policy_node.rewards import returns, reward_scale
from policy_node.samples import fit_projection, gather, scales_of

Floats = NDArray[np.float64]

_FOLDS = 5
_FIT_STEPS, _BATCH = 400, 128
_WIDTH = 64
_TARGET_SHARE = 0.005
"""Share of the newest weights that the slow copy of Q takes at a step (Kostrikov et al.)."""


def cross_fitted_values(dataset: Dataset, totals: list[Floats], config: TrainConfig) -> list[Floats]:
    """Return the predicted return of every sample by a network that never saw its episode, one [T] each.

    Args:
        dataset: the episodes.
        totals: the returns, one array [T] per episode.
        config: options.
    """
    count = len(dataset.episodes)
    if count < 2:
        return [np.full(len(total), total.mean()) for total in totals]
    torch.set_num_threads(config.threads)
    states = _states(dataset, config)
    scale = reward_scale(totals)
    wanted = [torch.from_numpy((total / scale).astype(np.float32)) for total in totals]
    order = np.random.default_rng(config.seed).permutation(count)
    values: list[Floats] = [np.empty(0)] * count
    for fold in range(min(_FOLDS, count)):
        held = {int(index) for index in order[fold::_FOLDS]}
        others = [index for index in range(count) if index not in held]
        predict = _regress(
            torch.cat([states[i] for i in others]), torch.cat([wanted[i] for i in others]), config
        )
        for index in held:
            values[index] = predict(states[index]).numpy().astype(np.float64) * scale
    return values


def _regress(
    inputs: torch.Tensor, wanted: torch.Tensor, config: TrainConfig
) -> Callable[[torch.Tensor], torch.Tensor]:
    generator = torch.Generator().manual_seed(config.seed)
    network = _mlp(inputs.shape[1], 1, generator)
    optimiser = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=1e-2, fused=True)
    for _ in range(_FIT_STEPS):
        index = torch.randint(len(inputs), (_BATCH,), generator=generator)
        seen = inputs[index] + config.embedding_noise * torch.randn(
            _BATCH, inputs.shape[1], generator=generator
        )
        loss = (network(seen).squeeze(1) - wanted[index]).square().mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    def predict(states: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return network(states).squeeze(1)

    return predict


@dataclass(frozen=True)
class _Transitions:
    """What happened over one chunk each.

    Attributes:
        states: standardised, [B, X].
        actions: standardised chunks, [B, Y].
        rewards: to the chunk's end, [B].
        following: index of the state there, [B].
        discounts: of that state's value; 0 where the episode is over, [B].
    """

    states: torch.Tensor
    actions: torch.Tensor
    rewards: torch.Tensor
    following: torch.Tensor
    discounts: torch.Tensor


def implicit_advantages(dataset: Dataset, config: TrainConfig, progress: Progress | None) -> list[Floats]:
    """Return Q(s, a) − V(s) of every sample, one array [T] per episode, in units of the rewards.

    The end of an episode is the end of its rewards. What Q and V learn from is standardised, so that one set
    of step sizes fits the distances of every encoder.
    """
    torch.set_num_threads(config.threads)
    data, scale = _transitions(dataset, config)
    generator = torch.Generator().manual_seed(config.seed)
    size = data.states.shape[1] + data.actions.shape[1]
    critics = nn.ModuleList([_mlp(size, 1, generator) for _ in range(2)])
    slow = nn.ModuleList([_mlp(size, 1, generator) for _ in range(2)])
    slow.load_state_dict(critics.state_dict())
    value = _mlp(data.states.shape[1], 1, generator)
    optimiser = torch.optim.Adam([*critics.parameters(), *value.parameters()], 1e-3, fused=True)
    for step in range(config.steps):
        index = torch.randint(len(data.rewards), (_BATCH,), generator=generator)
        _improve(data, index, critics, slow, value, optimiser, config.expectile)
        if progress is not None and (step + 1) % 200 == 0:
            progress("values", step + 1, config.steps)
    with torch.no_grad():
        together = torch.cat([data.states, data.actions], dim=1)
        advantages = (_least(slow, together) - value(data.states).squeeze(1)).numpy().astype(np.float64)
    lengths = [len(episode.times) for episode in dataset.episodes]
    return [part * scale for part in np.split(advantages, np.cumsum(lengths)[:-1])]


def _improve(
    data: _Transitions,
    index: torch.Tensor,
    critics: nn.ModuleList,
    slow: nn.ModuleList,
    value: nn.Sequential,
    optimiser: torch.optim.Optimizer,
    expectile: float,
) -> None:
    """Take one step of both losses, then let the slow critics follow."""
    states = data.states[index]
    together = torch.cat([states, data.actions[index]], dim=1)
    with torch.no_grad():
        best = _least(slow, together)
        after = value(data.states[data.following[index]]).squeeze(1)
        wanted = data.rewards[index] + data.discounts[index] * after
    above = best - value(states).squeeze(1)
    loss = (torch.where(above > 0, expectile, 1 - expectile) * above.square()).mean()
    for critic in critics:
        loss = loss + (critic(together).squeeze(1) - wanted).square().mean()
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()
    with torch.no_grad():
        for old, new in zip(slow.parameters(), critics.parameters(), strict=True):
            old.lerp_(new, _TARGET_SHARE)


def _least(critics: nn.ModuleList, together: torch.Tensor) -> torch.Tensor:
    first, second = (critic(together).squeeze(1) for critic in critics)
    return torch.minimum(first, second)


def _transitions(dataset: Dataset, config: TrainConfig) -> tuple[_Transitions, float]:
    """Return the transitions, rewards divided by the deviation of the returns, and that divisor."""
    totals = returns(dataset, config)
    scale = reward_scale(totals)
    span = dataset.step_duration * dataset.horizon
    rewards, following, discounts, begin = [], [], [], 0
    for episode, total in zip(dataset.episodes, totals, strict=True):
        times = episode.times
        after = np.minimum(np.searchsorted(times, times + span - 1e-6), len(times) - 1)
        ends = after == len(times) - 1
        factor = np.where(ends, 0.0, config.discount ** ((times[after] - times) / dataset.step_duration))
        rewards.append((total - factor * total[after]) / scale)
        following.append(after + begin)
        discounts.append(factor)
        begin += len(times)
    every = range(len(dataset.episodes))
    samples = gather(dataset, [np.ones(len(e.times)) for e in dataset.episodes], every, config)
    return _Transitions(
        torch.cat(_states(dataset, config)),
        scales_of(samples).outputs(samples),
        torch.from_numpy(np.concatenate(rewards).astype(np.float32)),
        torch.from_numpy(np.concatenate(following)),
        torch.from_numpy(np.concatenate(discounts).astype(np.float32)),
    ), scale


def _states(dataset: Dataset, config: TrainConfig) -> list[torch.Tensor]:
    """Return what the policy sees, standardised, [T, K + N + S] per episode."""
    ones = [np.ones(len(episode.times)) for episode in dataset.episodes]
    samples = gather(dataset, ones, range(len(dataset.episodes)), config)
    projection = fit_projection(dataset, range(len(dataset.episodes)), config)
    seen = replace(samples, embeddings=projection(samples.embeddings))
    return list(scales_of(seen).inputs(seen).split([len(part) for part in ones]))


def _mlp(inputs: int, outputs: int, generator: torch.Generator) -> nn.Sequential:
    layers = [
        nn.Linear(inputs, _WIDTH),
        nn.ReLU(),
        nn.Linear(_WIDTH, _WIDTH),
        nn.ReLU(),
        nn.Linear(_WIDTH, outputs),
    ]
    for layer in layers:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu", generator=generator)
            nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)
