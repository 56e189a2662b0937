"""Resizing as two small matrices, so that a device without PIL can do exactly what PIL does.

PIL resizes first along rows, then along columns; each pass is a weighted mean of uint8 pixels with a filter
widened by the reduction (antialiasing), in weights rounded to 22 bits, with its result rounded to uint8.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

# PIL's fixed point: 32 bits less 8 of the pixel and 2 in reserve.
_ONE = 1 << 22


def _triangle(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(0.0, 1.0 - np.abs(x))


def _cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' cubic convolution with a = -0.5 (IEEE Trans. ASSP 29(6), 1981)."""
    a, x = -0.5, np.abs(x)
    inner = ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    outer = (((x - 5.0) * x + 8.0) * x - 4.0) * a
    return np.where(x < 1.0, inner, np.where(x < 2.0, outer, 0.0))


_FILTERS: dict[str, tuple[Callable[[NDArray[np.float64]], NDArray[np.float64]], float]] = {
    "bilinear": (_triangle, 1.0),
    "bicubic": (_cubic, 2.0),
}
FILTERS = tuple(_FILTERS)


def reach(size: int, out: int, start: float, stop: float, name: str) -> tuple[int, int]:
    """Return the range of pixels, of `size`, that `out` pixels made from [start, stop) are computed of."""
    support = _FILTERS[name][1] * max(1.0, (stop - start) / out)
    return max(0, math.floor(start - support)), min(size, math.ceil(stop + support))


def matrix(size: int, out: int, start: float, stop: float, name: str) -> NDArray[np.float32]:
    """Return the weights float32 [out, size] that resample [start, stop) of `size` pixels to `out` pixels.

    Each is a multiple of 2^-22, which float32 holds exactly; a row sums to 1 but for rounding.

    Args:
        size: pixels along the axis.
        out: pixels wanted.
        start: where the window begins, in pixels from the edge.
        stop: where it ends.
        name: one of FILTERS.
    """
    kernel, support = _FILTERS[name]
    scale = (stop - start) / out
    width = max(1.0, scale)
    weights = np.zeros((out, size), np.float64)
    for row in range(out):
        centre = start + (row + 0.5) * scale
        first = max(0, int(centre - support * width + 0.5))
        last = min(size, int(centre + support * width + 0.5))
        taps = kernel((np.arange(first, last, dtype=np.float64) - centre + 0.5) / width)
        weights[row, first:last] = taps / taps.sum()
    fixed = weights * _ONE
    return (np.trunc(fixed + np.copysign(0.5, fixed)) / _ONE).astype(np.float32)
