"""Small videos and a small network for the tests of pre-training."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vip_models.card import EncoderCard
from vip_models.pretraining.config import PretrainConfig

CARD = EncoderCard(name="tiny", architecture="resnet10", dim=8, resize=32, crop=32)
CONFIG = PretrainConfig(
    steps=4, batch_size=4, checkpoint_every=2, threads=1, workers=1, precision="fp32", log_every=1
)


def moving_square(count=3, length=9, size=24, seed=0):
    """Return videos uint8 [length,size,size,3] of a bright square that crosses a random picture."""
    rng = np.random.default_rng(seed)
    background = rng.integers(0, 120, (count, 1, size, size, 3))
    videos = np.repeat(background, length, axis=1)
    for t in range(length):
        videos[:, t, 6:14, t : t + 8] = 250
    return list(videos.astype(np.uint8))


def command(folder: Path, out: Path, settings: str) -> list[str]:
    """Write four videos into a folder and return the arguments of `vip pretrain` that train on them."""
    videos = folder / "videos"
    videos.mkdir()
    for index, video in enumerate(moving_square(4)):
        np.save(videos / f"{index}.npy", video)
    fixed = "--architecture resnet10 --size 32 --dim 8 --precision fp32 --threads 1 --workers 1"
    places = f"--videos {videos} --out {out} --cache {folder / 'cache'}"
    return f"pretrain {places} {fixed} {settings}".split()
