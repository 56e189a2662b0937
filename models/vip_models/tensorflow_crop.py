"""TensorFlow's way to a network's input: a central crop, then bicubic resampling without antialiasing.

As `tf.image.resize(method=BICUBIC)` computes it (tensorflow/core/kernels/image/resize_bicubic_op.cc): Keys'
cubic with a = -1/2 at half-pixel centres, its argument rounded to 1/1024, neighbours beyond the edge left
out.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

_STEPS = 1024
_TAPS = np.arange(-1, 3)


def central_crop(frame: np.ndarray, proportion: float, size: int) -> np.ndarray:
    """Cut the central square out of a frame and resample it, uint8 [H,W,3] → uint8 [size,size,3].

    Args:
        frame: the picture.
        proportion: side of the square over the frame's shorter side.
        size: side of the result, pixels.
    """
    height, width = frame.shape[:2]
    side = max(1, round(proportion * min(height, width)))
    top, left = (height - side + 1) // 2, (width - side + 1) // 2
    square = frame[top : top + side, left : left + side].astype(np.float32)
    indices, weights = _taps(side, size)
    rows = sum(weights[:, k, None, None] * square[indices[:, k]] for k in range(len(_TAPS)))
    pixels = sum(weights[:, k, None] * rows[:, indices[:, k]] for k in range(len(_TAPS)))
    return pixels.round().clip(0, 255).astype(np.uint8)


@lru_cache(maxsize=32)
def _taps(source: int, target: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which source pixels make each target pixel, and their weights: [target,4] both."""
    position = (np.arange(target, dtype=np.float32) + 0.5) * np.float32(source / target) - np.float32(0.5)
    base = np.floor(position)
    fraction = np.rint((position - base) * _STEPS) / _STEPS
    indices = base[:, None].astype(int) + _TAPS
    distance = np.abs(fraction[:, None] - _TAPS)
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((2.5 - 0.5 * distance) * distance - 4) * distance + 2
    weights = np.where(distance <= 1, near, far)
    inside = (indices >= 0) & (indices < source)
    weights = np.where(inside, weights, 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return indices.clip(0, source - 1), weights.astype(np.float32)
