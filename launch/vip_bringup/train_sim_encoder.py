"""Make the shipped encoder: render videos in the simulator, train on them with the VIP objective, measure.

python -m vip_bringup.train_sim_encoder --out /tmp/vip-sim --weights vip-sim.safetensors

It can be stopped and started again: videos and checkpoints in --out are used as far as they exist.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from pathlib import Path

import cv2
import numpy as np
import torch
import yaml
from numpy.typing import NDArray

from franka_node.sim.dataset import render_videos
from franka_node.sim.tasks import table_tasks
from vip_bringup.encoder_figures import Figures, figures
from vip_bringup.encoder_page import DATA, FIRST, card_values, write_card_and_page
from vip_bringup.pretraining import CURVE_FIGURES, training_card
from vip_models import Encoder, load_card, load_encoder
from vip_models.architectures.colour_points import without_points
from vip_models.card import EncoderCard
from vip_models.export import build_network
from vip_models.machine import this_machine
from vip_models.pretraining.checkpoint import CHECKPOINT
from vip_models.pretraining.config import PretrainConfig
from vip_models.pretraining.dataset import CachedClips, Dataset
from vip_models.pretraining.network import RANDOM
from vip_models.pretraining.run import Run, Watch
from vip_models.shrink import shrink
from vip_models.testing import write_random_checkpoint
from vip_models.torch_tools import available_cores
from vip_models.weights import file_sha256
from vip_ros.errors import UserError
from vip_ros.files import replacing

CARD = "vip-sim"
TRAINING_SEED, VALIDATION_SEED, HELD_OUT_SEED = 0, 500_000, 1_000_000
# What a run may choose to learn by.
LEARNING = (
    *("objective", "returns", "order", "smallest_crop", "frozen", "views"),
    *("learning_rate", "batch_size", "negatives"),
)
SET_SIZE = 25  # videos of one task that one process renders at a time
# Gentler crops than the published 0.2: an embedding trained for minutes has to keep where things are.
CONFIG = PretrainConfig(
    steps=3000,
    learning_rate=5e-4,
    decay="cosine",
    smallest_crop=0.5,
    checkpoint_every=100,
    validation_every=500,
)


def rendered(folder: Path, per_task: int, seed: int) -> Dataset:
    """Return videos of every task on the table, uint8 [T,120,160,3]; sets missing in the folder are rendered.

    Args:
        folder: where they are kept.
        per_task: how many of each task, rounded up to whole sets.
        seed: of all sets.
    """
    sets = [(task, first) for first in range(0, per_task, SET_SIZE) for task in table_tasks()]
    dataset, total = Dataset(), len(sets) * SET_SIZE
    with ProcessPoolExecutor(available_cores(), get_context("spawn"), _end_with_parent) as pool:
        jobs = [pool.submit(_render_set, folder / task, task, seed, first) for task, first in sets]
        for job in jobs:
            for path in job.result():
                dataset.add(CachedClips(path.stem, path))
            print(f"{len(dataset.clips)} of {total} videos", flush=True)
    return dataset


def _end_with_parent() -> None:
    """Let a rendering process end when the one that started it is killed, instead of rendering on alone."""
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _render_set(folder: Path, task: str, seed: int, first: int) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{first + index:05d}.npy" for index in range(SET_SIZE)]
    if not paths[-1].is_file():
        films = render_videos(SET_SIZE, seed, tasks=[task], first=first)
        for path, video in zip(paths, films, strict=True):
            with replacing(path) as draft:
                np.save(draft, np.stack([_halved(frame) for frame in video]), allow_pickle=False)
    return paths


def _halved(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = frame.shape[:2]
    return np.asarray(cv2.resize(frame, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.uint8)


def measure(
    card: EncoderCard, weights: Path, out: Path, before: Path | None, real: Path | None, videos: int
) -> dict[str, Figures]:
    """Return the figures of the trained encoder beside those of others and of plain pixels.

    Args:
        card: of the trained encoder.
        weights: its weights.
        out: folder for the weights of an untrained one.
        before: weights of the encoder that was shipped until now, in the layout of the shipped card.
        real: folder of real videos.
        videos: held-out videos per task.
    """
    out.mkdir(parents=True, exist_ok=True)
    card_file = out / "card.yaml"
    card_file.write_text(yaml.safe_dump(card.network_values()), encoding="utf-8")
    untrained = write_random_checkpoint(str(card_file), out / "untrained.safetensors")
    encoders: dict[str, Encoder] = {
        "trained": load_encoder(str(card_file), weights),
        "untrained": load_encoder(str(card_file), untrained),
    }
    if before is not None:
        encoders["before"] = load_encoder(CARD, before)
    return figures(encoders, real, HELD_OUT_SEED, videos)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the whole recipe; returns the exit status."""
    options = _options(arguments)
    try:
        card = training_card(CARD, options.architecture, options.size, options.dim, CARD)
        if options.measure_only is None:
            _train(card, options)
        weights = options.measure_only or options.weights
        report = measure(card, weights, options.out, options.before, options.real, options.figure_videos)
        earlier = load_card(CARD).training.get("figures", {})
        if FIRST in earlier:
            report[FIRST] = earlier[FIRST]
        values = card_values(card, file_sha256(weights), _parameters(card), _history(options))
        print(yaml.safe_dump({"figures": report}, sort_keys=False))
        print(*write_card_and_page(values, report, options.out), sep="\n")
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _train(card: EncoderCard, options: argparse.Namespace) -> None:
    training = rendered(options.out / "videos", options.videos, TRAINING_SEED)
    held_out = rendered(options.out / "validation", SET_SIZE, VALIDATION_SEED)
    config = dataclasses.replace(
        CONFIG, **{name: getattr(options, name) for name in (*LEARNING, "steps", "threads")}
    )
    watch = Watch(_report, _report, lambda line: print(f"warning: {line}", flush=True))
    trained = without_points(card)
    outcome = Run(
        training, trained, config, options.out, None, held_out, CURVE_FIGURES, options.init, watch
    ).train()
    sha256 = shrink(outcome.checkpoint, card, options.weights)
    print(f"{options.weights}\nsha256 {sha256}\nminutes {outcome.seconds / 60.0:.1f}", flush=True)


def _history(options: argparse.Namespace) -> dict[str, object]:
    """Return how the weights were made, as far as the checkpoint in the output folder tells."""
    checkpoint = options.out / CHECKPOINT
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True) if checkpoint.is_file() else {}
    settings = saved.get("settings", {})
    start = Path(options.init)
    names = (*LEARNING, "decay", "discount", "seed")
    return {
        "source": "VIP (Ma et al., arXiv 2210.00030)",
        "start": f"weights {file_sha256(start)[:12]}" if start.is_file() else options.init,
        "recipe": "python -m vip_bringup.train_sim_encoder --out DIR --weights FILE",
        "data": DATA,
        "videos": options.videos * len(table_tasks()),
        "steps": saved.get("global_step", 0),
        **{name: settings[name] for name in names if name in settings},
        "minutes": round(saved.get("seconds", 0.0) / 60.0, 1),
        "machine": f"{options.threads or available_cores()} thread(s) of a shared {this_machine().cpu}",
        "held_out_videos": f"{options.figure_videos} of each task",
    }


def _parameters(card: EncoderCard) -> float:
    return float(sum(parameter.numel() for parameter in build_network(card).parameters())) / 1e6


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m vip_bringup.train_sim_encoder", description=__doc__)
    shipped = load_card(CARD)
    add = parser.add_argument
    add("--out", type=Path, required=True, help="folder for videos and checkpoints")
    add("--weights", type=Path, required=True, help="weights file to write (.safetensors)")
    add("--videos", type=int, default=500, help="videos to render of each task")
    add("--steps", type=int, default=CONFIG.steps, help="optimisation steps")
    add("--learning-rate", type=float, default=CONFIG.learning_rate, help="of Adam")
    add("--objective", default=CONFIG.objective, help="as in vip pretrain")
    add("--returns", type=float, default=CONFIG.returns, help="as in vip pretrain")
    add("--order", type=float, default=CONFIG.order, help="as in vip pretrain")
    add("--batch-size", type=int, default=CONFIG.batch_size, help="as in vip pretrain")
    add("--negatives", type=int, default=CONFIG.negatives, help="as in vip pretrain")
    add("--smallest-crop", type=float, default=CONFIG.smallest_crop, help="as in vip pretrain")
    add("--frozen", default=CONFIG.frozen, help="as in vip pretrain")
    add("--views", type=int, default=CONFIG.views, help="as in vip pretrain")
    add("--init", default=RANDOM, help="'random', or weights of the same architecture to start from")
    add("--architecture", default=shipped.architecture, help="network")
    add("--size", type=int, default=shipped.crop, help="side of its input, pixels")
    add("--dim", type=int, default=shipped.dim, help="length of its embedding, colour points among it")
    add("--threads", type=int, default=0, help="CPU threads, 0 for all cores")
    add("--before", type=Path, help="weights of the encoder shipped until now, to compare with")
    add("--real", type=Path, help="folder of real videos (.mp4), only measured on")
    add("--figure-videos", type=int, default=20, help="held-out videos of each task to measure on")
    add("--measure-only", type=Path, metavar="WEIGHTS", help="measure these weights and do not train")
    return parser.parse_args(arguments)


def _report(step: int, values: Mapping[str, float]) -> None:
    if values and (step % 50 == 0 or "voc" in values):
        print(f"step {step} " + " ".join(f"{name}={value:.4f}" for name, value in values.items()), flush=True)


if __name__ == "__main__":
    sys.exit(main())
