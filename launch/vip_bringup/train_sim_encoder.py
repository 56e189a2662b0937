"""Make the shipped encoder: render videos in the simulator, train on them with the VIP objective, measure.

python -m vip_bringup.train_sim_encoder --out /tmp/vip-sim --weights vip-sim.safetensors

It can be stopped and started again: videos and checkpoints in --out are used as far as they exist.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from PIL import Image

from franka_node.sim.dataset import render_videos
from vip_bringup.encoder_figures import figures
from vip_models import load_card, load_encoder
from vip_models.card import EncoderCard
from vip_models.pretrain import PretrainConfig, pretrain
from vip_models.shrink import shrink
from vip_models.testing import write_random_checkpoint
from vip_ros.errors import UserError

CARD = "vip-sim"
TRAINING_SEED, HELD_OUT_SEED = 0, 1_000_000
SET_SIZE = 50  # videos that share one stream of random numbers
# Gentler crops than the published 0.2: an embedding trained for minutes has to keep where things are.
CONFIG = PretrainConfig(
    steps=1600,
    learning_rate=5e-4,
    decay="cosine",
    smallest_crop=0.5,
    precision="bfloat16",
    checkpoint_every=200,
)


def prepare_videos(folder: Path, count: int) -> list[NDArray[np.uint8]]:
    """Return memory-mapped training videos, each uint8 [T,H,W,3]; sets missing in the folder are rendered."""
    folder.mkdir(parents=True, exist_ok=True)
    for first in range(0, count, SET_SIZE):
        paths = [folder / f"{first + index:05d}.npy" for index in range(SET_SIZE)]
        if paths[-1].is_file():
            continue
        for path, video in zip(paths, render_videos(SET_SIZE, TRAINING_SEED + first), strict=True):
            temporary = path.with_suffix(".part.npy")
            np.save(temporary, np.stack([_halved(frame) for frame in video]), allow_pickle=False)
            temporary.replace(path)
        print(f"videos {first + SET_SIZE}/{count}", flush=True)
    paths = sorted(folder.glob("[0-9][0-9][0-9][0-9][0-9].npy"))[:count]
    return [np.load(path, mmap_mode="r", allow_pickle=False) for path in paths]


def _halved(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = frame.shape[:2]
    return np.asarray(Image.fromarray(frame).resize((width // 2, height // 2), Image.Resampling.BILINEAR))


def measure(card: EncoderCard, weights: Path, out: Path, real: Path | None) -> dict[str, dict[str, float]]:
    """Return the figures of the trained encoder beside those of a random one and of plain pixels."""
    untrained = write_random_checkpoint(card.name, out / "untrained.safetensors")
    encoders = {"trained": load_encoder(card.name, weights), "untrained": load_encoder(card.name, untrained)}
    return figures(encoders, real, HELD_OUT_SEED)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the whole recipe; returns the exit status."""
    options = _options(arguments)
    try:
        card = load_card(CARD)
        videos = prepare_videos(options.out / "videos", options.videos)
        config = PretrainConfig(**{**CONFIG.__dict__, "steps": options.steps, "threads": options.threads})
        checkpoint = pretrain(videos, card, config, options.out, _report)
        sha256 = shrink(checkpoint, card, options.weights)
        print(
            yaml.safe_dump(
                {"sha256": sha256, "figures": measure(card, options.weights, options.out, options.real)}
            )
        )
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m vip_bringup.train_sim_encoder", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for videos and checkpoints")
    parser.add_argument("--weights", type=Path, required=True, help="weights file to write (.safetensors)")
    parser.add_argument("--videos", type=int, default=500, help="videos to render")
    parser.add_argument("--steps", type=int, default=CONFIG.steps, help="optimisation steps")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads, 0 for all cores")
    parser.add_argument("--real", type=Path, help="folder of real videos (.mp4), only measured on")
    return parser.parse_args(arguments)


def _report(step: int, parts: dict[str, float]) -> None:
    if step % 50 == 0:
        print(f"step {step} " + " ".join(f"{name}={value:.4f}" for name, value in parts.items()), flush=True)


if __name__ == "__main__":
    sys.exit(main())
