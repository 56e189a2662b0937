"""The samples of a dataset as tensors: what a policy sees, what it should do, how much each counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from policy_node.dataset import Dataset, EpisodeData
from policy_node.foresight import foretelling, futures
from policy_node.learning import PATH, PLACES, TrainConfig
from policy_node.projection import Projection, behind, beside, principal_components

# Features that never vary (m, rad, embedding units) must not be blown up by their standard deviation.
_FLOOR = 1e-3


@dataclass(frozen=True)
class Samples:
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

    @property
    def inputs(self) -> torch.Tensor:
        """What the network sees, [B, D + N + S]."""
        return torch.cat([self.embeddings, self.q], dim=1)

    @property
    def offsets(self) -> torch.Tensor:
        """What the network should answer, [B, H * A]: targets minus present joints; widths as they are."""
        arm = self.targets[:, :, : self.joints] - self.q[:, None, : self.joints]
        return torch.cat([arm, self.targets[:, :, self.joints :]], dim=2).flatten(1)

    def pick(self, index: torch.Tensor) -> Samples:
        """Return the samples of those indices."""
        return replace(
            self,
            embeddings=self.embeddings[index],
            q=self.q[index],
            targets=self.targets[index],
            weights=self.weights[index],
        )


@dataclass(frozen=True)
class Scales:
    """Mean and standard deviation of the inputs [K + N] and of the outputs [H * A]."""

    input_mean: torch.Tensor
    input_std: torch.Tensor
    output_mean: torch.Tensor
    output_std: torch.Tensor

    def inputs(self, samples: Samples) -> torch.Tensor:
        """Return the standardised inputs."""
        return (samples.inputs - self.input_mean) / self.input_std

    def outputs(self, samples: Samples) -> torch.Tensor:
        """Return the standardised outputs."""
        return (samples.offsets - self.output_mean) / self.output_std


def gather(
    dataset: Dataset, weights: list[NDArray[np.float64]], chosen: Sequence[int], config: TrainConfig
) -> Samples:
    """Return the samples of the chosen episodes, weights being one array [T] per episode of the dataset."""
    episodes = [dataset.episodes[index] for index in chosen]
    return Samples(
        _stack([_seen(episode, config) for episode in episodes]),
        _stack([_proprioception(episode) for episode in episodes]),
        _stack([_targets(episode, dataset.has_gripper) for episode in episodes]),
        _stack([weights[index] for index in chosen]),
        len(dataset.joints),
    )


def fit_projection(dataset: Dataset, chosen: Sequence[int], config: TrainConfig) -> Projection:
    """Return the map from embeddings to the components that the network sees.

    Args:
        dataset: the episodes.
        chosen: the indices of those to fit it to.
        config: options.
    """
    foretold = bool(config.components) and config.seen_by == PATH
    episodes = [dataset.episodes[index] for index in chosen]
    if foretold:
        # The way of a failure does not lead to where the thing to be reached stands.
        episodes = [episode for episode in episodes if episode.success] or episodes
    seen = _stack([_seen(episode, config) for episode in episodes])
    halves = seen.chunk(2, dim=1) if config.first_embedding else [seen]
    places = dataset.places if config.seen_in == PLACES else 0
    fitted = [
        _foretelling(half, episodes, config.components, places)
        if foretold
        else principal_components(half, config.components)
        for half in halves
    ]
    return beside(*fitted) if config.first_embedding else fitted[0]


def _foretelling(
    embeddings: torch.Tensor, episodes: Sequence[EpisodeData], count: int, places: int
) -> Projection:
    """Look among the last `places` numbers of the embeddings only, where there are any."""
    q = _stack([_proprioception(episode) for episode in episodes])
    ahead, lengths = torch.from_numpy(futures(episodes)), [len(episode.times) for episode in episodes]
    before = embeddings.shape[1] - places if places else 0
    return behind(before, foretelling(embeddings[:, before:], q, ahead, lengths, count))


def scales_of(samples: Samples) -> Scales:
    """Return mean and deviation of inputs and outputs over the samples."""
    inputs, outputs = samples.inputs, samples.offsets
    return Scales(
        inputs.mean(dim=0),
        inputs.std(dim=0).clamp_min(_FLOOR),
        outputs.mean(dim=0),
        outputs.std(dim=0).clamp_min(_FLOOR),
    )


def disturb(samples: Samples, scales: Scales, config: TrainConfig, generator: torch.Generator) -> Samples:
    """Return the samples with noise on what is seen; the targets stay where they are."""
    dim = samples.embeddings.shape[1]
    features = torch.randn(samples.embeddings.shape, generator=generator) * scales.input_std[:dim]
    q = torch.randn(samples.q.shape, generator=generator)
    q[:, : samples.joints] *= config.joint_noise
    q[:, samples.joints :] *= config.finger_noise
    return replace(
        samples, embeddings=samples.embeddings + config.embedding_noise * features, q=samples.q + q
    )


def _seen(episode: EpisodeData, config: TrainConfig) -> NDArray[np.float32]:
    if not config.first_embedding:
        return episode.embeddings
    return np.concatenate(
        [episode.embeddings, np.repeat(episode.embeddings[:1], len(episode.times), axis=0)], 1
    )


def _proprioception(episode: EpisodeData) -> NDArray[np.float64]:
    return episode.q if episode.fingers is None else np.concatenate([episode.q, episode.fingers], axis=1)


def _targets(episode: EpisodeData, gripper: bool) -> NDArray[np.float64]:
    if not gripper or episode.gripper is None:
        return episode.targets
    return np.concatenate([episode.targets, episode.gripper[:, :, None]], axis=2)


def _stack(parts: list[Any]) -> torch.Tensor:
    return torch.from_numpy(np.concatenate(parts).astype(np.float32))
