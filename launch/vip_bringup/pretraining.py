"""From the arguments of `vip pretrain` to a trained encoder: videos, card, run, results."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import vip_bringup.episode_videos  # noqa: F401 - registers the source "episodes"
from vip_models import load_card
from vip_models.architectures import ARCHITECTURES
from vip_models.card import EncoderCard
from vip_models.pretraining.cache import FrameCache
from vip_models.pretraining.config import PretrainConfig
from vip_models.pretraining.dataset import Dataset, prepare
from vip_models.pretraining.distributed import Ranks, joined
from vip_models.pretraining.network import RANDOM
from vip_models.pretraining.results import Results, export_run
from vip_models.pretraining.run import Outcome, Run, Watch
from vip_models.pretraining.sources import discover
from vip_models.torch_tools import available_cores
from vip_reward_node.metrics import bumps, voc
from vip_ros.errors import UserError
from vip_ros.resources import cache_dir

CURVE_FIGURES = {"bumps": bumps, "voc": voc}
# Short side and crop, pixels, of what networks look at: the published geometry, and that of the grid ones.
_USUAL, _GRID = (256, 224), (112, 112)


@dataclass(frozen=True)
class PretrainRequest:
    """What a user asks for.

    Attributes:
        videos: file or folder of videos.
        out: folder of checkpoint, logs and results.
        card: what is trained.
        config: hyper-parameters.
        source: name of a video source, or "auto".
        validation: file or folder of held-out videos.
        held_out: share of the videos that is held out when there are none given.
        cache: where all frames are decoded to; None: only what cannot be read frame by frame is, elsewhere.
        cache_side: short side of decoded frames, pixels; 0: what the network looks at.
        init: what the weights start from.
        resume: whether a checkpoint in `out` is continued; without it, it is refused.
    """

    videos: Path
    out: Path
    card: EncoderCard
    config: PretrainConfig
    source: str = "auto"
    validation: Path | None = None
    held_out: float = 0.05
    cache: Path | None = None
    cache_side: int = 0
    init: str = RANDOM
    resume: bool = True


def training_card(encoder: str, architecture: str | None, size: int, dim: int, name: str) -> EncoderCard:
    """Return the card of what is trained.

    Args:
        encoder: card to begin with.
        architecture: another network than the card's; it brings its own geometry.
        size: side of the network's input, pixels; 0: that of the card or the architecture.
        dim: length of the embedding; 0: the card's.
        name: of the new encoder.

    Raises:
        UserError: an unknown encoder or architecture.
    """
    card = dataclasses.replace(load_card(encoder), name=name, file="", urls=(), sha256="", training={})
    if architecture is not None:
        ARCHITECTURES.get(architecture)
        resize, crop = _GRID if "-grid" in architecture else _USUAL
        card = dataclasses.replace(card, architecture=architecture, resize=resize, crop=crop)
    if size:
        # crop first: a card whose crop exceeds its resize is refused
        short = round(size * card.resize / card.crop)
        card = dataclasses.replace(card, crop=min(size, short), resize=short)
    if card.window != 1:
        raise UserError(
            f"encoder '{encoder}' embeds {card.window} frames at once", "train one that embeds single frames"
        )
    return dataclasses.replace(card, dim=dim) if dim else card


def run_pretraining(request: PretrainRequest) -> None:
    """Do what was asked, in this process or with those that torchrun started.

    Raises:
        UserError: no usable videos, settings that do not fit, no room on the disk.
    """
    if not 0.0 <= request.held_out < 1.0:
        raise UserError(f"the share of held-out videos is {request.held_out}", "give one from 0 to below 1")
    if request.cache_side < 0:
        raise UserError(f"the cached frames' short side is {request.cache_side}", "give pixels, 0: as needed")
    checkpoint = request.out / "checkpoint.pt"
    if not request.resume and checkpoint.exists():
        raise UserError(f"{checkpoint} exists", "continue it with --resume, or choose another --out")
    with joined() as ranks:
        training, held_out = _datasets(request, ranks)
        with _bar(ranks) as progress:
            run = Run(
                training, request.card, request.config, request.out, ranks, held_out, CURVE_FIGURES,
                request.init, _watch(progress, request.config.steps),
            )  # fmt: skip
            outcome = run.train()
        if ranks.first:
            _tell(outcome, training)
            results = export_run(
                outcome.checkpoint, request.card, request.out, _history(request, outcome, training)
            )
            _point_to(results)
        ranks.wait()


def _datasets(request: PretrainRequest, ranks: Ranks) -> tuple[Dataset, Dataset]:
    cache = FrameCache(request.cache or cache_dir() / "videos", request.cache_side or request.card.resize)
    found = _prepared(request.videos, request, cache, ranks)
    if request.validation is not None:
        held_out = _prepared(request.validation, request, cache, ranks)
        held_out.check()
        return found, held_out
    return found.split(request.held_out)


def _prepared(path: Path, request: PretrainRequest, cache: FrameCache, ranks: Ranks) -> Dataset:
    """Open the videos at a path; the processes of a machine share the decoding."""
    videos = discover(path, request.source)
    everything, workers = request.cache is not None, request.config.workers or available_cores()
    own = videos[ranks.local_rank :: ranks.local_world]
    with _bar(ranks) as progress:
        task = progress.add_task("reading videos", total=len(own), note="")
        dataset = prepare(own, cache, everything, workers, lambda: progress.advance(task))
    if ranks.local_world > 1:
        ranks.wait()
        dataset = prepare(videos, cache, everything, workers)
    if ranks.first:
        for name, reason in dataset.rejected.items():
            print(f"skipped {name}: {reason}", flush=True)
        for name, reason in dataset.broken.items():
            print(f"only the beginning of {name} is used: {reason}", flush=True)
        if dataset.damaged:
            print(f"skipped {dataset.damaged} damaged frame(s)", flush=True)
        frames = int(dataset.lengths.sum())
        print(f"{len(dataset.clips)} videos, {frames} frames, {len(dataset.rejected)} skipped", flush=True)
    dataset.check()
    return dataset


def _bar(ranks: Ranks) -> Progress:
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )  # fmt: skip
    return Progress(*columns, disable=not ranks.first)


def _watch(progress: Progress, steps: int) -> Watch:
    task = progress.add_task("training", total=steps, note="")

    def step(done: int, parts: Mapping[str, float]) -> None:
        progress.update(task, completed=done)
        if parts:
            note = f"loss {parts['loss']:.3f}, {parts['images_per_second']:.0f} images/s"
            progress.update(task, note=note)

    def validated(done: int, figures: Mapping[str, float]) -> None:
        progress.print(f"step {done}: held out " + ", ".join(f"{k} {v:.3f}" for k, v in figures.items()))

    return Watch(step, validated, lambda line: progress.print(f"warning: {line}", markup=False))


def _history(request: PretrainRequest, outcome: Outcome, dataset: Dataset) -> dict[str, Any]:
    config = request.config
    return {
        "objective": config.objective,
        "videos": len(dataset.clips),
        "frames": int(dataset.lengths.sum()),
        "steps": outcome.steps,
        "batch_size": config.batch_size,
        "learning_rate": config.learning_rate,
        "decay": config.decay,
        "discount": config.discount,
        "negatives": config.negatives,
        "returns": config.returns,
        "order": config.order,
        "reconstruct": config.reconstruct,
        "frozen": config.frozen,
        "smallest_crop": config.smallest_crop,
        "init": outcome.init,
        "seed": config.seed,
        "minutes": round(outcome.seconds / 60.0, 1),
        "held_out": {name: round(value, 3) for name, value in outcome.figures.items()},
    }


def _tell(outcome: Outcome, dataset: Dataset) -> None:
    for reason, times in outcome.skipped.items():
        print(f"drawn again {times} time(s): {reason}", flush=True)
    early = ", stopped early: the held-out loss no longer falls" if outcome.stopped_early else ""
    print(f"{outcome.steps} steps in {outcome.seconds / 60.0:.1f} min{early}", flush=True)


def _point_to(results: Results) -> None:
    print(f"{results.weights}\n{results.onnx}\n{results.card}")
    print(f"use it: --encoder {results.card}")
