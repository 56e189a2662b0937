"""Weighted regression of action chunks on observations, in torch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from policy_node.committee import Committee, State, as_one
from policy_node.dataset import Dataset, Progress
from policy_node.dropout import SeededDropout
from policy_node.learning import LearnedPolicy, TrainConfig
from policy_node.network import Tensors
from policy_node.projection import Projection
from policy_node.samples import Samples, Scales, disturb, fit_projection, gather, scales_of
from policy_node.training_state import TrainingState, fingerprint
from vip_ros.errors import UserError

Noise = Callable[[Samples, Scales, TrainConfig, torch.Generator], Samples]


def fit(
    dataset: Dataset,
    weights: list[NDArray[np.float64]],
    config: TrainConfig,
    progress: Progress | None = None,
) -> LearnedPolicy:
    """Minimise the weighted mean squared error of the standardised chunks.

    A network's output is target minus present position. Noise on the joint positions moves the input but
    not the target position, so that the policy learns to come back to the demonstrated path. The network
    with the smallest error on held-out episodes is kept. A run that was cut short goes on where it was.

    Args:
        dataset: the episodes.
        weights: weight of every sample, one array [T] per episode.
        config: options.
        progress: told the steps done.
    """
    torch.set_num_threads(config.threads)
    kept, held = split(len(dataset.episodes), config.held_out, config.seed)
    train = gather(dataset, weights, kept, config)
    valid = gather(dataset, weights, held, config) if held else train
    projection = fit_projection(dataset, kept, config)
    train, valid = (replace(part, embeddings=projection(part.embeddings)) for part in (train, valid))
    scales = scales_of(train)
    generator = torch.Generator().manual_seed(config.seed)
    inputs, outputs = train.inputs.shape[1], train.targets[0].numel()
    network = Committee([perceptron(inputs, outputs, config, generator) for _ in range(config.networks)])
    descent = Descent(train, valid, scales, config, network, generator, disturb, network.size)
    best, figures = descent.run(progress)
    tensors = named_tensors(as_one(best), scales, projection)
    return LearnedPolicy(tensors, figures | data_figures(dataset, held))


def data_figures(dataset: Dataset, held: list[int]) -> dict[str, Any]:
    """Return what a policy was learned from and judged by, given the indices of the held-out episodes."""
    lengths = [len(episode.times) for episode in dataset.episodes]
    return {
        "episodes": len(lengths),
        "held_out": [dataset.episodes[index].name for index in held],
        "error_on": "held-out episodes" if held else "training episodes",
        "samples": sum(lengths) - sum(lengths[index] for index in held),
    }


def split(count: int, share: float, seed: int) -> tuple[list[int], list[int]]:
    """Return the indices of the training and of the held-out episodes; too few episodes: none held out."""
    held = min(round(share * count), count - 1)
    order = np.random.default_rng(seed).permutation(count)
    return sorted(int(i) for i in order[held:]), sorted(int(i) for i in order[:held])


class Descent:
    """Gradient steps with validations between them; its state can be kept and taken up again.

    Args:
        train: what to learn from.
        valid: what to judge by.
        scales: of inputs and outputs.
        config: options.
        network: maps standardised inputs to standardised outputs.
        generator: where batches and noise come from.
        noise: disturbs what a batch shows.
        shares: batches that the network takes in one, each for a part of it.
    """

    def __init__(
        self,
        train: Samples,
        valid: Samples,
        scales: Scales,
        config: TrainConfig,
        network: nn.Module,
        generator: torch.Generator,
        noise: Noise,
        shares: int = 1,
    ) -> None:
        self._train, self._valid, self._scales, self._config = train, valid, scales, config
        self._network, self._generator, self._noise = network, generator, noise
        self._batch = config.batch_size * shares
        self._optimiser = torch.optim.AdamW(
            self._network.parameters(), config.learning_rate, weight_decay=config.weight_decay, fused=True
        )
        self._step = self._best_step = 0
        self._best, self._best_loss = _copy(self._network), float("inf")

    def run(self, progress: Progress | None) -> tuple[State, dict[str, Any]]:
        """Descend to the end; returns the best network's state and the figures.

        Raises:
            UserError: no network had a finite error.
        """
        config, begin = self._config, time.perf_counter()
        kept = TrainingState(
            fingerprint(config, self._train.inputs, self._train.targets, self._train.weights)
        )
        if (found := kept.load()) is not None:
            self._restore(found)
        resumed = self._step
        while self._step < config.steps and not self._stuck():
            for _ in range(min(config.check_every, config.steps - self._step)):
                self._descend()
            self._check()
            kept.save(self._state)
            if progress is not None:
                progress("training", self._step, config.steps)
        kept.remove()
        if not math.isfinite(self._best_loss):
            raise UserError(
                "the training learned nothing: its error was never a finite number",
                "try a lower learning_rate; where they were set, see to tau, reward_scale and the noises",
                "training options",
            )
        if progress is not None:
            progress("training", config.steps, config.steps)
        figures = {"steps": self._step, "best_step": self._best_step, "error": round(self._best_loss, 5)}
        figures["seconds"] = round(time.perf_counter() - begin, 2)
        return self._best, figures | ({"resumed_at": resumed} if resumed else {})

    def _descend(self) -> None:
        index = torch.randint(len(self._train), (self._batch,), generator=self._generator)
        batch = self._noise(self._train.pick(index), self._scales, self._config, self._generator)
        share = _decay(self._step, self._config.steps)
        self._optimiser.param_groups[0]["lr"] = self._config.learning_rate * share
        self._optimiser.zero_grad(set_to_none=True)
        self._loss(batch).backward()
        self._optimiser.step()
        self._step += 1

    def _check(self) -> None:
        self._network.eval()
        with torch.no_grad():
            loss = float(self._loss(self._valid))
        self._network.train()
        if loss < self._best_loss:
            self._best, self._best_loss, self._best_step = _copy(self._network), loss, self._step

    def _stuck(self) -> bool:
        waited = self._step - self._best_step
        return bool(self._config.patience) and waited >= self._config.patience * self._config.check_every

    def _loss(self, samples: Samples) -> torch.Tensor:
        outputs = self._network(self._scales.inputs(samples))
        errors = (outputs - self._scales.outputs(samples)).square().mean(dim=1)
        return (samples.weights * errors).mean()

    def _state(self) -> dict[str, Any]:
        return {
            "network": self._network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "generator": self._generator.get_state(),
            "best": self._best,
            "numbers": [self._step, self._best_step, self._best_loss],
        }

    def _restore(self, state: dict[str, Any]) -> None:
        self._network.load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._generator.set_state(state["generator"])
        self._best = state["best"]
        self._step, self._best_step, self._best_loss = state["numbers"]


def _decay(step: int, steps: int) -> float:
    """Return the share of the learning rate at a step: a half cosine, so that the last steps average out."""
    return 0.5 * (1.0 + math.cos(math.pi * step / steps))


def perceptron(inputs: int, outputs: int, config: TrainConfig, generator: torch.Generator) -> nn.Sequential:
    """Return an untrained network of the configured layers.

    Its first weights come from the generator, and so do the units that dropout leaves out while it learns.
    """
    sizes = [inputs, *config.hidden]
    layers: list[nn.Module] = [nn.BatchNorm1d(inputs)] if config.batch_norm else []
    for before, after in zip(sizes, sizes[1:], strict=False):
        layers += [nn.Linear(before, after), nn.ReLU()]
        if config.dropout > 0:
            layers.append(SeededDropout(config.dropout, generator))
    layers.append(nn.Linear(sizes[-1], outputs))
    for layer in layers:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu", generator=generator)
            nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)


def _copy(network: nn.Module) -> State:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def named_tensors(state: State, scales: Scales, projection: Projection) -> Tensors:
    """Name the tensors, with normalisation and projection folded into the first layer.

    What runs sees whole embeddings.
    """
    state = _without_batch_norm(state)
    indices = sorted({int(name.split(".")[0]) for name in state})
    tensors = {
        f"layers.{new}.{kind}": state[f"{old}.{kind}"]
        for new, old in enumerate(indices)
        for kind in ("weight", "bias")
    }
    kept = projection.matrix.shape[1]
    weight = tensors["layers.0.weight"]
    components = weight[:, :kept] / scales.input_std[:kept]
    tensors["layers.0.bias"] = tensors["layers.0.bias"] - components @ scales.input_mean[:kept]
    tensors["layers.0.weight"] = torch.cat([components @ projection.matrix.T, weight[:, kept:]], dim=1)
    inputs = {
        "input_mean": torch.cat([projection.mean, scales.input_mean[kept:]]),
        "input_std": torch.cat([torch.ones_like(projection.mean), scales.input_std[kept:]]),
    }
    outputs = {"output_mean": scales.output_mean, "output_std": scales.output_std}
    return {name: value.numpy().copy() for name, value in {**tensors, **inputs, **outputs}.items()}


def _without_batch_norm(state: State) -> State:
    """Fold the batch normalisation of the input, if there is one, into the first linear layer."""
    if "0.running_mean" not in state:
        return state
    rest = {name: value for name, value in state.items() if not name.startswith("0.")}
    slope = state["0.weight"] / (state["0.running_var"] + nn.BatchNorm1d(1).eps).sqrt()
    shift = state["0.bias"] - state["0.running_mean"] * slope
    rest["1.bias"] = rest["1.bias"] + rest["1.weight"] @ shift
    rest["1.weight"] = rest["1.weight"] * slope
    return rest
