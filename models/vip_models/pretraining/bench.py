"""Training throughput beside that of the published way, measured in turns in one run.

python -m vip_models.pretraining.bench --architecture resnet18 --size 224 --batch 32
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from vip_models.card import EncoderCard, load_card
from vip_models.machine import load_average, this_machine
from vip_models.pretraining.cache import FrameCache
from vip_models.pretraining.config import PretrainConfig
from vip_models.pretraining.dataset import prepare
from vip_models.pretraining.distributed import Ranks
from vip_models.pretraining.loader import Loader
from vip_models.pretraining.objectives import OBJECTIVES
from vip_models.pretraining.published_loop import PublishedClips, PublishedTrainer
from vip_models.pretraining.sources import discover
from vip_models.pretraining.step import Learner
from vip_models.torch_tools import available_cores
from vip_ros.errors import UserError

_FRAMES = 4  # of each clip
_VIDEOS, _LENGTH, _SIZE = 24, 24, (341, 256)  # of the generated videos; width and height, pixels


@dataclass(frozen=True)
class Throughput:
    """Images per second, each the median of the rounds.

    Attributes:
        published: the restated official loop, loading and step.
        ours: this trainer, loading and step.
        step: this trainer's step on a batch that is ready.
        loader: this trainer's loader alone.
    """

    published: float
    ours: float
    step: float
    loader: float

    @property
    def speedup(self) -> float:
        """Whole step beside the published one; 3 is wanted."""
        return self.ours / self.published

    @property
    def reserve(self) -> float:
        """What the loader alone gives beside what the step takes; 1.5 is wanted."""
        return self.loader / self.step


def measure(card: EncoderCard, config: PretrainConfig, folder: Path, rounds: int, steps: int) -> Throughput:
    """Measure in turns on videos generated into a folder.

    Args:
        card: network and input.
        config: batch, precision, threads and workers.
        folder: for frames and cache.
        rounds: how often each way is measured.
        steps: optimisation steps per measurement.
    """
    images = _BatchClock(config.batch_size * _FRAMES * steps)
    write_videos(folder / "videos")
    videos = discover(folder / "videos")
    dataset = prepare(videos, FrameCache(folder / "cache", card.resize), True, config.workers)
    device = "cuda:0" if torch.cuda.is_available() else "cpu"
    learner = Learner(card, config, Ranks(device=device))
    ours = Loader(dataset, OBJECTIVES.get(config.objective), card, config)
    published = PublishedTrainer(card, device)
    clips = PublishedClips([video.files for video in videos], card, config.smallest_crop)
    theirs = torch.utils.data.DataLoader(clips, config.batch_size, num_workers=config.workers)
    ready = ours.batch(0)
    figures: list[list[float]] = []
    for _ in range(rounds + 1):  # the first round warms up
        figures.append(
            [
                images.rate(iter(theirs), published.step, steps),
                images.rate(ours.batches(0, steps + 2), lambda batch: _advance(learner, batch), steps),
                images.rate(iter([ready] * (steps + 2)), lambda batch: _advance(learner, batch), steps),
                images.rate(ours.batches(0, 8 * steps + 2), lambda batch: None, 8 * steps) * 8,
            ]
        )
    return Throughput(*(statistics.median(column) for column in zip(*figures[1:], strict=True)))


def _advance(learner: Learner, batch: Any) -> None:
    float(learner.advance(batch, 0)["loss"])


class _BatchClock:
    """Counts images per second of a source of batches and what is done with them."""

    def __init__(self, images: int) -> None:
        self._images = images

    def rate(self, batches: Iterator[Any], use: Callable[[Any], Any], steps: int) -> float:
        """Take one batch to get going, then time the given number."""
        use(next(batches))
        began = time.perf_counter()
        for _ in range(steps):
            use(next(batches))
        seconds = time.perf_counter() - began
        close = getattr(batches, "close", None)
        if close is not None:
            close()
        return self._images / seconds


def write_videos(folder: Path) -> None:
    """Write folders of JPEG frames: smooth pictures with a square that moves."""
    rng = np.random.default_rng(0)
    for video in range(_VIDEOS):
        (folder / str(video)).mkdir(parents=True, exist_ok=True)
        coarse = rng.integers(0, 255, (12, 16, 3), dtype=np.uint8)
        picture = cv2.resize(coarse, _SIZE, interpolation=cv2.INTER_CUBIC)
        for index in range(_LENGTH):
            frame = picture.copy()
            frame[100:150, 8 * index : 8 * index + 50] = 255
            cv2.imwrite(str(folder / str(video) / f"{index}.jpg"), frame)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the ratios, and return the exit status: 0 whatever they are."""
    options = _options(arguments)
    workers = options.workers or available_cores()
    torch.set_num_threads(options.threads or available_cores())
    try:
        card = replace(load_card("vip-sim"), architecture=options.architecture, crop=options.size,
                       resize=round(options.size * options.resize_ratio))  # fmt: skip
        config = PretrainConfig(batch_size=options.batch, precision=options.precision, workers=workers)
        print(
            f"{this_machine().key}\n{card.architecture}, {card.crop} px, {options.batch} clips",
            flush=True,
        )
        before = load_average()
        with tempfile.TemporaryDirectory() as folder:
            found = measure(card, config, Path(folder), options.rounds, options.steps)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    print(
        f"published way {found.published:.1f} images/s, this trainer {found.ours:.1f}:"
        f" {found.speedup:.2f} times (3 wanted)\n"
        f"loader alone {found.loader:.1f} images/s, step alone {found.step:.1f}:"
        f" {found.reserve:.2f} times (1.5 wanted)\n"
        f"load average {before:.1f} before, {load_average():.1f} after; medians of {options.rounds} rounds"
    )
    if options.json is not None:
        options.json.write_text(json.dumps(found.__dict__, indent=2) + "\n", encoding="utf-8")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m vip_models.pretraining.bench", description=__doc__)
    add = parser.add_argument
    add("--architecture", default="resnet18", help="network")
    add("--size", type=int, default=224, help="side of its input, pixels")
    add("--resize-ratio", type=float, default=256 / 224, help="short side of a frame per side of the input")
    add("--batch", type=int, default=32, help="clips per step")
    add("--precision", default="auto", help="of this trainer: auto, fp32 or bf16")
    add("--threads", type=int, default=0, help="CPU threads of both, 0 for all cores")
    add("--workers", type=int, default=0, help="that load, of both: 0 for all cores")
    add("--rounds", type=int, default=3, help="how often each way is measured, in turns")
    add("--steps", type=int, default=8, help="per measurement")
    add("--json", type=Path, help="write the figures there too")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
