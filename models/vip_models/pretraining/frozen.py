"""Training the end of a network on features of its start, which keeps its weights.

What never changes is computed once: every video is seen through a few fixed crops, embedded up to the frozen
layer, and the features are kept in memory. Where a processor trains a whole network for hours, this takes
minutes; what the start does not see, the end cannot learn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vip_models.card import EncoderCard
from vip_models.pretraining.augmentation import (
    CROP_UNIFORMS,
    central_part,
    central_square,
    random_box,
    resample,
)
from vip_models.pretraining.auxiliary import small_pictures
from vip_models.pretraining.config import PretrainConfig
from vip_models.pretraining.dataset import Clips, Dataset
from vip_models.pretraining.loader import Batch
from vip_models.pretraining.objectives import Objective
from vip_models.pretraining.sampling import draw_step, own_rows
from vip_ros.errors import UserError, unknown_name

_AT_ONCE = 64


class FrozenStart(torch.nn.Module):
    """A network whose layers up to a given one keep their weights and statistics.

    It takes frames uint8 [N,size,size,3], or the features that `start` made of them.

    Args:
        network: from `new_network`.
        layer: name of the last layer that is kept.

    Raises:
        UserError: the network is no chain of layers, or has no such layer before its last.
    """

    def __init__(self, network: Any, layer: str) -> None:
        super().__init__()
        if not isinstance(network.backbone, torch.nn.Sequential):
            raise UserError("only a chain of layers can be frozen in part", "choose a '-grid' architecture")
        names = [name for name, _ in network.backbone.named_children()]
        if layer not in names[:-1]:
            raise unknown_name("layer", layer, names[:-1])
        self.backbone = network.backbone
        self.scale, self.offset = network.scale, network.offset
        self._kept = names.index(layer) + 1
        self.backbone[: self._kept].requires_grad_(False)
        self.train()

    def train(self, mode: bool = True) -> FrozenStart:
        """Set the mode of what is trained; what is kept stays in evaluation mode."""
        super().train(mode)
        self.backbone[: self._kept].eval()
        return self

    @torch.no_grad()
    def start(self, frames: Any) -> Any:
        """Return features float [N,...] of frames uint8 [N,size,size,3]."""
        pixels = frames.permute(0, 3, 1, 2).float() * self.scale + self.offset
        return self.backbone[: self._kept](pixels)

    def forward(self, inputs: Any) -> Any:
        """Return embeddings [N,D] of frames or features."""
        features = self.start(inputs) if inputs.dtype == torch.uint8 else inputs.float()
        return self.backbone[self._kept :](features)


@dataclass(frozen=True)
class _View:
    features: NDArray[np.float16]  # [T,...]
    pictures: NDArray[np.uint8]  # [T,side,side,3]


class FeatureLoader:
    """Makes the batches of a run from features; a drop-in for `Loader`.

    Args:
        dataset: videos; one with a damaged frame is left out, and counted.
        network: what computes the features.
        objective: which frames it takes.
        card: size of the network's input.
        config: batch, seed, crop, and how many views each video gets.
        rank: of this process.
        world: number of processes.

    Attributes:
        skipped: how many videos were left out, by the reason.

    Raises:
        UserError: every video has a damaged frame.
    """

    def __init__(
        self,
        dataset: Dataset,
        network: FrozenStart,
        objective: Objective,
        card: EncoderCard,
        config: PretrainConfig,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        self._objective, self._config, self._card = objective, config, card
        self._rows = range(*own_rows(config.batch_size, rank, world).indices(config.batch_size))
        self.skipped: Counter[str] = Counter()
        self._videos: list[list[_View]] = []
        for number, clips in enumerate(dataset.clips):
            try:
                self._videos.append(
                    [self._view(clips, network, number, view) for view in range(config.views)]
                )
            except UserError as error:
                self.skipped[str(error)] += 1
        if not self._videos:
            raise UserError("every video has a damaged frame", "mend the videos")
        self._lengths = np.array([len(views[0].features) for views in self._videos])

    def _view(self, clips: Clips, network: FrozenStart, number: int, view: int) -> _View:
        """See a whole video through one crop: the first view is that of encoders, the others are drawn."""
        uniforms = np.random.default_rng([self._config.seed, 3, number, view]).random(CROP_UNIFORMS)
        choose: Callable[[int, int], Any] = central_square
        if view:
            choose = partial(random_box, smallest=self._config.smallest_crop, uniforms=uniforms)
        share = self._card.crop / self._card.resize
        device = next(network.parameters()).device
        features, pictures = [], []
        for first in range(0, clips.length, _AT_ONCE):
            frames = list(range(first, min(clips.length, first + _AT_ONCE)))
            window = clips.read(frames, lambda height, width: central_part(choose(height, width), share))
            pixels = resample(window, self._card.crop)
            features.append(network.start(torch.from_numpy(pixels).to(device)).half().cpu().numpy())
            pictures.append(
                small_pictures(torch.from_numpy(pixels)).round().byte().permute(0, 2, 3, 1).numpy()
            )
        return _View(np.concatenate(features), np.concatenate(pictures))

    def batches(self, first: int, last: int) -> Generator[Batch, None, None]:
        """Yield the batches of steps first..last-1 in order."""
        for step in range(first, last):
            yield self.batch(step)

    def batch(self, step: int) -> Batch:
        """Gather one step's batch; the same for the same step."""
        config = self._config
        draw = draw_step(
            self._objective, self._lengths, config.batch_size, config.negatives, (config.seed,), step
        )
        views = [self._videos[draw.videos[row]][int(draw.crops[row, 0] * config.views)] for row in self._rows]
        times = draw.frames[self._rows.start : self._rows.stop]
        features = [view.features[frames] for view, frames in zip(views, times, strict=True)]
        pictures = [view.pictures[frames] for view, frames in zip(views, times, strict=True)]
        return Batch(
            np.stack(features, axis=1), times.T.copy(), draw.permutations, np.stack(pictures, axis=1)
        )
