"""Batches of clips, read and cropped by threads a few steps ahead of the training.

Threads are enough: reading, decoding and resampling leave Python's lock, and what ends with the process
cannot outlive it. A clip with a damaged frame is drawn again, by numbers that depend on the step alone.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vip_models.ahead import batches_ahead
from vip_models.card import EncoderCard
from vip_models.pretraining.augmentation import Box, central_part, central_square, random_box, resample
from vip_models.pretraining.config import PretrainConfig
from vip_models.pretraining.dataset import Dataset
from vip_models.pretraining.objectives import Objective
from vip_models.pretraining.sampling import Draw, draw_step, own_rows
from vip_ros.errors import UserError

_ATTEMPTS = 20


@dataclass(frozen=True)
class Batch:
    """One process's share of one step.

    Attributes:
        frames: what the network takes, uint8 [F,b,size,size,3], or features of it [F,b,...].
        times: number of each frame in its video, int [F,b].
        permutations: orders of the whole batch, int [P,B].
        pictures: what a reconstruction is taught with, uint8 [F,b,side,side,3].
    """

    frames: NDArray[Any]
    times: NDArray[np.int64]
    permutations: NDArray[np.int64]
    pictures: NDArray[np.uint8]


class Loader:
    """Makes the batches of a run.

    Args:
        dataset: videos.
        objective: which frames it takes.
        card: size of the network's input.
        config: batch, seed, crop and workers.
        rank: of this process.
        world: number of processes.
        stream: further seeds, so that validation sees other clips than training.
        augment: whether to crop at random; otherwise frames are seen as an encoder sees them.

    Attributes:
        skipped: how often a clip was drawn again because of a damaged frame, by the reason.
    """

    def __init__(
        self,
        dataset: Dataset,
        objective: Objective,
        card: EncoderCard,
        config: PretrainConfig,
        rank: int = 0,
        world: int = 1,
        stream: tuple[int, ...] = (),
        augment: bool = True,
    ) -> None:
        self._dataset, self._lengths, self._objective = dataset, dataset.lengths, objective
        self._card, self._config, self._augment = card, config, augment
        self._seed = (config.seed, *stream)
        self._rows = own_rows(config.batch_size, rank, world)
        self._lock = threading.Lock()
        self.skipped: Counter[str] = Counter()

    def batches(self, first: int, last: int) -> Generator[Batch, None, None]:
        """Yield the batches of steps first..last-1 in order; close the iterator to end its threads."""
        steps = batches_ahead(
            iter(range(first, last)), 1, lambda step: self.batch(step[0]), self._config.workers
        )
        with closing(steps):  # type: ignore[type-var]
            for _, batch in steps:
                yield batch

    def batch(self, step: int) -> Batch:
        """Read one step's batch; the same for the same step.

        Raises:
            UserError: no undamaged clip was found in many draws.
        """
        draw = self._draw(step, 0)
        size, rows = self._card.crop, range(*self._rows.indices(self._config.batch_size))
        frames = np.empty((self._objective.frames, len(rows), size, size, 3), np.uint8)
        times = np.empty(frames.shape[:2], np.int64)
        for place, row in enumerate(rows):
            frames[:, place], times[:, place] = self._clip(draw, row, step)
        return Batch(frames, times, draw.permutations, frames)

    def _draw(self, step: int, attempt: int) -> Draw:
        config = self._config
        return draw_step(
            self._objective, self._lengths, config.batch_size, config.negatives, self._seed, step, attempt
        )

    def _clip(self, draw: Draw, row: int, step: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        for attempt in range(1, _ATTEMPTS + 1):
            clips = self._dataset.clips[draw.videos[row]]
            try:
                window = clips.read(draw.frames[row].tolist(), partial(self._box, draw.crops[row]))
            except UserError as error:
                with self._lock:
                    self.skipped[str(error)] += 1
                draw = self._draw(step, attempt)
            else:
                return resample(window, self._card.crop), draw.frames[row]
        raise UserError(f"{_ATTEMPTS} clips in a row are damaged", "mend the videos", clips.name)

    def _box(self, uniforms: NDArray[np.float64], height: int, width: int) -> Box:
        box = (
            random_box(height, width, self._config.smallest_crop, uniforms)
            if self._augment
            else central_square(height, width)
        )
        return central_part(box, self._card.crop / self._card.resize)
