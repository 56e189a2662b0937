"""Weighted regression of action chunks on observations, in torch."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from policy_node.dataset import Dataset, EpisodeData, Progress
from policy_node.learning import LearnedPolicy, TrainConfig
from policy_node.network import Tensors
from policy_node.projection import Projection, principal_components

# Features that never vary (m, rad, embedding units) must not be blown up by their standard deviation.
_FLOOR = 1e-3


@dataclass(frozen=True)
class _Samples:
    """Embeddings [B, D] or components [B, K], joints and senses [B, N + S], targets [B, H, A], weights [B].

    The first `joints` columns of q are those that the targets move.
    """

    embeddings: torch.Tensor
    q: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    joints: int

    def __len__(self) -> int:
        return len(self.weights)

    def pick(self, index: torch.Tensor) -> _Samples:
        return replace(
            self,
            embeddings=self.embeddings[index],
            q=self.q[index],
            targets=self.targets[index],
            weights=self.weights[index],
        )


@dataclass(frozen=True)
class _Scales:
    """Mean and standard deviation of the inputs [K + N] and of the outputs [H * A]."""

    input_mean: torch.Tensor
    input_std: torch.Tensor
    output_mean: torch.Tensor
    output_std: torch.Tensor


def fit(
    dataset: Dataset,
    weights: list[NDArray[np.float64]],
    config: TrainConfig,
    progress: Progress | None = None,
) -> LearnedPolicy:
    """Minimise the weighted mean squared error of the standardised chunks.

    A network's output is target minus present position. Noise on the joint positions moves the input but
    not the target position, so that the policy learns to come back to the demonstrated path. The network
    with the smallest error on held-out episodes is kept.

    Args:
        dataset: the episodes.
        weights: weight of every sample, one array [T] per episode.
        config: options.
        progress: told the steps done.
    """
    torch.set_num_threads(config.threads)
    generator = torch.Generator().manual_seed(config.seed)
    kept, held = _split(len(dataset.episodes), config.held_out, config.seed)
    train = _samples(dataset, weights, kept)
    valid = _samples(dataset, weights, held) if held else train
    projection = principal_components(train.embeddings, config.components)
    train, valid = (replace(part, embeddings=projection(part.embeddings)) for part in (train, valid))
    scales = _scales(train)
    network = _network(train, config, generator)
    begin = time.perf_counter()
    best, figures = _descend(network, train, valid, scales, config, generator, progress)
    figures |= {
        "episodes": len(dataset.episodes),
        "held_out": [dataset.episodes[index].name for index in held],
        "error_on": "held-out episodes" if held else "training episodes",
        "samples": len(train),
        "seconds": round(time.perf_counter() - begin, 2),
    }
    return LearnedPolicy(_tensors(best, scales, projection), figures)


def _descend(
    network: nn.Sequential,
    train: _Samples,
    valid: _Samples,
    scales: _Scales,
    config: TrainConfig,
    generator: torch.Generator,
    progress: Progress | None,
) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    optimiser = torch.optim.AdamW(
        network.parameters(), config.learning_rate, weight_decay=config.weight_decay, fused=True
    )
    best, best_loss, best_step, step = _copy(network), float("inf"), 0, 0
    while step < config.steps:
        chunk = min(config.check_every, config.steps - step)
        for drawn in range(chunk):
            index = torch.randint(len(train), (config.batch_size,), generator=generator)
            batch = _disturb(train.pick(index), scales, config, generator)
            optimiser.param_groups[0]["lr"] = config.learning_rate * _decay(step + drawn, config.steps)
            optimiser.zero_grad(set_to_none=True)
            _loss(network, batch, scales).backward()
            optimiser.step()
        step += chunk
        loss = _validate(network, valid, scales)
        if loss < best_loss:
            best, best_loss, best_step = _copy(network), loss, step
        if progress is not None:
            progress("training", step, config.steps)
        if config.patience and step - best_step >= config.patience * config.check_every:
            break
    if progress is not None:
        progress("training", config.steps, config.steps)
    return best, {"steps": step, "best_step": best_step, "error": round(best_loss, 5)}


def _decay(step: int, steps: int) -> float:
    """Return the share of the learning rate at a step: a half cosine, so that the last steps average out."""
    return 0.5 * (1.0 + math.cos(math.pi * step / steps))


def _loss(network: nn.Sequential, samples: _Samples, scales: _Scales) -> torch.Tensor:
    inputs = torch.cat([samples.embeddings, samples.q], dim=1)
    outputs = network((inputs - scales.input_mean) / scales.input_std)
    wanted = (_offsets(samples) - scales.output_mean) / scales.output_std
    return (samples.weights * (outputs - wanted).square().mean(dim=1)).mean()


def _offsets(samples: _Samples) -> torch.Tensor:
    joints = samples.joints
    arm = samples.targets[:, :, :joints] - samples.q[:, None, :joints]
    return torch.cat([arm, samples.targets[:, :, joints:]], dim=2).flatten(1)


def _disturb(batch: _Samples, scales: _Scales, config: TrainConfig, generator: torch.Generator) -> _Samples:
    dim = batch.embeddings.shape[1]
    features = torch.randn(batch.embeddings.shape, generator=generator) * scales.input_std[:dim]
    q = torch.randn(batch.q.shape, generator=generator)
    q[:, : batch.joints] *= config.joint_noise
    q[:, batch.joints :] *= config.finger_noise
    return replace(batch, embeddings=batch.embeddings + config.embedding_noise * features, q=batch.q + q)


def _validate(network: nn.Sequential, samples: _Samples, scales: _Scales) -> float:
    network.eval()
    with torch.no_grad():
        loss = float(_loss(network, samples, scales))
    network.train()
    return loss


def _split(count: int, share: float, seed: int) -> tuple[list[int], list[int]]:
    """Return the indices of the training and of the held-out episodes; too few episodes: none held out."""
    held = min(round(share * count), count - 1)
    order = np.random.default_rng(seed).permutation(count)
    return sorted(int(i) for i in order[held:]), sorted(int(i) for i in order[:held])


def _samples(dataset: Dataset, weights: list[NDArray[np.float64]], chosen: list[int]) -> _Samples:
    episodes = [dataset.episodes[index] for index in chosen]
    return _Samples(
        _stack([episode.embeddings for episode in episodes]),
        _stack([_proprioception(episode) for episode in episodes]),
        _stack([_targets(episode, dataset.has_gripper) for episode in episodes]),
        _stack([weights[index] for index in chosen]),
        len(dataset.joints),
    )


def _proprioception(episode: EpisodeData) -> NDArray[np.float64]:
    return episode.q if episode.fingers is None else np.concatenate([episode.q, episode.fingers], axis=1)


def _targets(episode: EpisodeData, gripper: bool) -> NDArray[np.float64]:
    if not gripper or episode.gripper is None:
        return episode.targets
    return np.concatenate([episode.targets, episode.gripper[:, :, None]], axis=2)


def _stack(parts: list[Any]) -> torch.Tensor:
    return torch.from_numpy(np.concatenate(parts).astype(np.float32))


def _scales(samples: _Samples) -> _Scales:
    inputs = torch.cat([samples.embeddings, samples.q], dim=1)
    outputs = _offsets(samples)
    return _Scales(
        inputs.mean(dim=0),
        inputs.std(dim=0).clamp_min(_FLOOR),
        outputs.mean(dim=0),
        outputs.std(dim=0).clamp_min(_FLOOR),
    )


def _network(samples: _Samples, config: TrainConfig, generator: torch.Generator) -> nn.Sequential:
    sizes = [samples.embeddings.shape[1] + samples.q.shape[1], *config.hidden]
    layers: list[nn.Module] = []
    for inputs, outputs in zip(sizes, sizes[1:], strict=False):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        if config.dropout > 0:
            layers.append(nn.Dropout(config.dropout))
    layers.append(nn.Linear(sizes[-1], samples.targets[0].numel()))
    network = nn.Sequential(*layers)
    for layer in network:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu", generator=generator)
            nn.init.zeros_(layer.bias)
    return network


def _copy(network: nn.Sequential) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def _tensors(state: dict[str, torch.Tensor], scales: _Scales, projection: Projection) -> Tensors:
    """Name the tensors, with the projection folded into the first layer: what runs sees whole embeddings."""
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
