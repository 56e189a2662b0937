"""Small pictures for surfaces, drawn by rule so that no image file needs to be shipped."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

SIZE = 128  # pixels, each way
Pixels = NDArray[np.uint8]


def plain() -> Pixels:
    """Return uniform near-white [H, W, 3]: the material's colour alone shows."""
    return _grey(np.full((SIZE, SIZE), 0.96))


def speckle() -> Pixels:
    """Return faint grain, as on a laminate table top."""
    noise = np.random.default_rng(1).normal(0.0, 1.0, (SIZE, SIZE))
    return _grey(0.94 + 0.02 * noise)


def wood() -> Pixels:
    """Return wavy dark and light bands, as on a plank."""
    x, y = np.meshgrid(np.linspace(0, 1, SIZE), np.linspace(0, 1, SIZE))
    waves = 0.25 * np.sin(2 * np.pi * y) + 0.1 * np.sin(6 * np.pi * y)
    rings = 0.5 + 0.5 * np.sin(2 * np.pi * (7 * x + waves))
    grain = np.random.default_rng(2).normal(0.0, 0.03, (1, SIZE))
    return _grey(0.72 + 0.22 * rings + grain)


def tiles() -> Pixels:
    """Return square tiles with darker joints."""
    line = np.arange(SIZE) % (SIZE // 4) < 2
    return _grey(np.where(line[:, None] | line[None, :], 0.62, 0.95))


def cloth() -> Pixels:
    """Return a fine weave."""
    row = np.arange(SIZE)
    return _grey(0.86 + 0.08 * ((row[:, None] // 2 + row[None, :] // 2) % 2))


TEXTURES: dict[str, Callable[[], Pixels]] = {
    "plain": plain,
    "speckle": speckle,
    "wood": wood,
    "tiles": tiles,
    "cloth": cloth,
}


def _grey(values: NDArray[np.floating]) -> Pixels:
    return np.repeat((np.clip(values, 0, 1) * 255).astype(np.uint8)[:, :, None], 3, axis=2)
