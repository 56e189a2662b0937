"""The figures by which a learner normalises: of columns and of pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_QUANTILES = (0.01, 0.10, 0.50, 0.90, 0.99)


class PictureFigures:
    """Collects every channel's figures over some pictures, scaled to [0, 1]."""

    def __init__(self) -> None:
        self._histogram = np.zeros((3, 256), np.int64)
        self._pictures = 0

    def add(self, pixels: NDArray[np.uint8]) -> None:
        """Take a picture, uint8 [H, W, 3]; every fourth pixel of every fourth row counts."""
        coarse = pixels[::4, ::4]
        for channel in range(3):
            self._histogram[channel] += np.bincount(coarse[..., channel].ravel(), minlength=256)
        self._pictures += 1

    def figures(self) -> dict[str, Any]:
        """Return min, max, mean, std and quantiles per channel, each shaped [3, 1, 1], and the count."""
        levels = np.arange(256) / 255.0
        rows = []
        for counts in self._histogram:
            share = counts / counts.sum()
            mean = float(share @ levels)
            present = np.flatnonzero(counts)
            marks = [float(levels[np.searchsorted(np.cumsum(share), q - 1e-12)]) for q in _QUANTILES]
            spread = float(np.sqrt(max(0.0, share @ levels**2 - mean**2)))
            rows.append([float(levels[present[0]]), float(levels[present[-1]]), mean, spread, *marks])
        columns = np.array(rows).T
        made = {
            name: [[[v]] for v in column] for name, column in zip(_names(), columns.tolist(), strict=True)
        }
        return {**made, "count": [self._pictures]}


def column_figures(values: NDArray[Any]) -> dict[str, Any]:
    """Return min, max, mean, std and quantiles of a column [T] or [T, C], each [C], and the count."""
    table = values.reshape(len(values), -1).astype(np.float64)
    figures = [table.min(axis=0), table.max(axis=0), table.mean(axis=0), table.std(axis=0)]
    figures += list(np.quantile(table, _QUANTILES, axis=0))
    made = {name: figure.tolist() for name, figure in zip(_names(), figures, strict=True)}
    return {**made, "count": [len(table)]}


def _names() -> list[str]:
    return ["min", "max", "mean", "std", *(f"q{round(100 * q):02d}" for q in _QUANTILES)]
