"""Behaviour cloning from pixels: a small convolutional network learns to see from the demonstrations alone.

The VIP paper's Scratch-BC. It needs the encoder "pixels"; no frozen encoder takes part.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from policy_node import pixels
from policy_node.algorithms import ALGORITHMS
from policy_node.dataset import Dataset, Progress
from policy_node.learning import LearnedPolicy, TrainConfig
from policy_node.network import Tensors
from policy_node.regression import Descent, data_figures, perceptron, split
from policy_node.rewards import even_weights
from policy_node.samples import Samples, Scales, disturb, gather, scales_of
from vip_ros.errors import UserError

_CHANNELS = (16, 32, 32)
_SHIFT = 3
"""Pixels by which the pictures of a batch are moved at random, as in DrQ (arXiv 2004.13649)."""


class _Seeing(nn.Module):
    """Convolutions on the flat picture in front, then layers on their features and the joints, [B, P + J]."""

    def __init__(self, joints: int, outputs: int, config: TrainConfig, generator: torch.Generator) -> None:
        super().__init__()
        sizes = (3, *_CHANNELS)
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in zip(sizes, sizes[1:], strict=False)
        )
        for conv in self.convs:
            assert isinstance(conv, nn.Conv2d) and conv.bias is not None
            nn.init.kaiming_uniform_(conv.weight, nonlinearity="relu", generator=generator)
            nn.init.zeros_(conv.bias)
        shrunk = 2 ** len(_CHANNELS)
        features = (pixels.HEIGHT // shrunk) * (pixels.WIDTH // shrunk) * _CHANNELS[-1]
        self.layers = perceptron(features + joints, outputs, config, generator)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        size = pixels.HEIGHT * pixels.WIDTH * 3
        maps = inputs[:, :size].reshape(-1, pixels.HEIGHT, pixels.WIDTH, 3).permute(0, 3, 1, 2)
        for conv in self.convs:
            maps = functional.relu(conv(maps))
        return torch.as_tensor(
            self.layers(torch.cat([maps.permute(0, 2, 3, 1).flatten(1), inputs[:, size:]], 1))
        )


@ALGORITHMS.register("scratch")
def behaviour_cloning_from_pixels(
    dataset: Dataset, config: TrainConfig, progress: Progress | None = None
) -> LearnedPolicy:
    """Minimise the squared error of the chunks, every sample alike; raises UserError for another encoder."""
    if dataset.encoder != pixels.PixelEncoder.id:
        raise UserError(
            f"scratch learns to see by itself, not from {dataset.encoder}", "train with --encoder pixels"
        )
    if config.first_embedding or config.batch_norm:
        raise UserError("scratch has neither first_embedding nor batch_norm", "leave the option out")
    torch.set_num_threads(config.threads)
    generator = torch.Generator().manual_seed(config.seed)
    ones = even_weights(dataset)
    kept, held = split(len(dataset.episodes), config.held_out, config.seed)
    train = gather(dataset, ones, kept, config)
    valid = gather(dataset, ones, held, config) if held else train
    scales = _even(scales_of(train), train)
    network = _Seeing(train.q.shape[1], train.targets[0].numel(), config, generator)
    best, figures = Descent(train, valid, scales, config, network, generator, _shift).run(progress)
    return LearnedPolicy(_tensors(best, scales), figures | data_figures(dataset, held))


def _even(scales: Scales, samples: Samples) -> Scales:
    """Return the scales with one mean and deviation for every pixel."""
    size = samples.embeddings.shape[1]
    mean, std = scales.input_mean.clone(), scales.input_std.clone()
    mean[:size], std[:size] = samples.embeddings.mean(), samples.embeddings.std()
    return Scales(mean, std, scales.output_mean, scales.output_std)


def _shift(samples: Samples, scales: Scales, config: TrainConfig, generator: torch.Generator) -> Samples:
    """Move the pictures of a batch by a few pixels, and disturb the joints as for every other policy."""
    maps = samples.embeddings.reshape(-1, pixels.HEIGHT, pixels.WIDTH, 3).permute(0, 3, 1, 2)
    padded = functional.pad(maps, (_SHIFT,) * 4, mode="replicate")
    down, right = (int(n) for n in torch.randint(2 * _SHIFT + 1, (2,), generator=generator))
    moved = padded[:, :, down : down + pixels.HEIGHT, right : right + pixels.WIDTH]
    flat = moved.permute(0, 2, 3, 1).flatten(1)
    disturbed = disturb(samples, scales, config, generator)
    noise = disturbed.embeddings - samples.embeddings
    return Samples(flat + noise, disturbed.q, samples.targets, samples.weights, samples.joints)


def _tensors(state: dict[str, torch.Tensor], scales: Scales) -> Tensors:
    linear = sorted({int(name.split(".")[1]) for name in state if name.startswith("layers.")})
    tensors = {name: value for name, value in state.items() if name.startswith("convs.")}
    for new, old in enumerate(linear):
        for kind in ("weight", "bias"):
            tensors[f"layers.{new}.{kind}"] = state[f"layers.{old}.{kind}"]
    tensors |= {
        "picture_shape": torch.tensor([pixels.HEIGHT, pixels.WIDTH, 3], dtype=torch.float32),
        "input_mean": scales.input_mean,
        "input_std": scales.input_std,
        "output_mean": scales.output_mean,
        "output_std": scales.output_std,
    }
    return {name: value.numpy().copy() for name, value in tensors.items()}
