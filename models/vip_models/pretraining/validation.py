"""How good an encoder in training is on videos held back: the loss, and the order of its distances."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vip_models.card import EncoderCard
from vip_models.pretraining.augmentation import central_part, central_square, resample
from vip_models.pretraining.config import PretrainConfig
from vip_models.pretraining.dataset import Clips, Dataset
from vip_models.pretraining.distributed import Ranks
from vip_models.pretraining.loader import Loader
from vip_models.pretraining.objectives import OBJECTIVES
from vip_models.pretraining.step import Learner
from vip_ros.errors import UserError

# Distances of a video's frames to its last one, [T] → one figure.
CurveFigure = Callable[[NDArray[np.float64]], float]
_BATCHES = 8
_LONGEST = 64  # frames per curve: longer videos are thinned evenly
_AT_ONCE = 32


class Validator:
    """Measures an encoder on held-out videos; processes share the work.

    Args:
        held_out: videos that are not trained on.
        card: size of the input.
        config: objective and its settings.
        ranks: this process among all.
        figures: what to compute of each video's distances to its last frame, by name.
        warn: called with one line about each video that cannot be read; it is left out.
    """

    def __init__(
        self,
        held_out: Dataset,
        card: EncoderCard,
        config: PretrainConfig,
        ranks: Ranks,
        figures: Mapping[str, CurveFigure],
        warn: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._videos = held_out.clips[: config.validation_videos]
        self._card, self._ranks, self._figures = card, ranks, dict(figures)
        self._warn, self._unreadable = warn, set[int]()
        self._config = dataclasses.replace(config, workers=1)
        self._objective = OBJECTIVES.get(config.objective)
        self._loader = Loader(held_out, self._objective, card, config, stream=(1,), augment=False)

    def measure(self, learner: Learner) -> dict[str, float]:
        """Return the mean loss and curve figures; the same clips are seen every time."""
        with _evaluating(learner.network):
            losses = [self._loss(learner, index) for index in self._own(_BATCHES)]
            curves = list(self._curves(learner))
        columns = {name: [float(figure(curve)) for curve in curves] for name, figure in self._figures.items()}
        sums = [sum(losses), len(losses), len(curves), *(sum(column) for column in columns.values())]
        loss, batches, videos, *figures = self._ranks.total([float(value) for value in sums])
        means = {name: value / videos for name, value in zip(columns, figures, strict=True) if videos}
        return {"loss": loss / batches, **means}

    def _own(self, count: int) -> range:
        return range(self._ranks.rank, count, self._ranks.world)

    def _loss(self, learner: Learner, index: int) -> float:
        batch = self._loader.batch(index)
        embeddings = learner.embed(torch.from_numpy(batch.frames).to(self._ranks.device))
        permutations = torch.from_numpy(batch.permutations).to(self._ranks.device)
        return float(self._objective.loss(embeddings, permutations, self._config)[0])

    def _curves(self, learner: Learner) -> Iterator[NDArray[np.float64]]:
        """Yield the curves of this process's videos; one with a damaged frame is named once and left out."""
        for index in self._own(len(self._videos)):
            if index in self._unreadable:
                continue
            try:
                curve = self._curve(learner, self._videos[index])
            except UserError as error:
                self._unreadable.add(index)
                self._warn(f"held-out video {self._videos[index].name} is left out: {error}")
            else:
                yield curve

    def _curve(self, learner: Learner, clips: Clips) -> NDArray[np.float64]:
        """Return the distances of a video's frames to its last one, [T]."""
        frames = np.unique(np.linspace(0, clips.length - 1, min(clips.length, _LONGEST)).round().astype(int))
        parts = []
        for start in range(0, len(frames), _AT_ONCE):
            pixels = resample(
                clips.read(frames[start : start + _AT_ONCE].tolist(), self._box), self._card.crop
            )
            parts.append(learner.embed(torch.from_numpy(pixels)[None].to(self._ranks.device))[0])
        embeddings = torch.cat(parts)
        return (embeddings - embeddings[-1]).norm(dim=-1).double().cpu().numpy()

    def _box(self, height: int, width: int) -> tuple[int, int, int, int]:
        return central_part(central_square(height, width), self._card.crop / self._card.resize)


@contextmanager
def _evaluating(network: Any) -> Iterator[None]:
    network.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        network.train()
