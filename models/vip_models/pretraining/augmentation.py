"""The augmentation `rctraj`: one random resized crop per clip, the same for all of its frames.

The crop is torchvision's RandomResizedCrop (share of the area uniform, aspect ratio log-uniform in 3/4..4/3).
In the published pipeline the crop is resized to 224, up-sampled to 256 and cut to its central 224 again; here
both windows are composed and the frame is resampled once, which shows the same part of it a little sharper.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from vip_models.torch_tools import import_torch

_ASPECTS = (3.0 / 4.0, 4.0 / 3.0)
_ATTEMPTS = 10
# Random numbers that one crop takes: share and ratio of each attempt, then the place.
CROP_UNIFORMS = 2 * _ATTEMPTS + 2

Box = tuple[int, int, int, int]


def random_box(height: int, width: int, smallest: float, uniforms: NDArray[np.float64]) -> Box:
    """Return a crop (top, left, height, width) of a frame.

    Args:
        height: of the frame, pixels.
        width: of the frame, pixels.
        smallest: least share of the frame's area.
        uniforms: random numbers in [0, 1), [CROP_UNIFORMS].
    """
    shares, ratios = uniforms[:_ATTEMPTS], uniforms[_ATTEMPTS : 2 * _ATTEMPTS]
    area = height * width * (smallest + (1.0 - smallest) * shares)
    low, high = np.log(_ASPECTS)
    aspect = np.exp(low + (high - low) * ratios)
    widths, heights = np.rint(np.sqrt(area * aspect)), np.rint(np.sqrt(area / aspect))
    fits = np.flatnonzero((widths > 0) & (widths <= width) & (heights > 0) & (heights <= height))
    if not len(fits):
        return _widest(height, width)
    box_height, box_width = int(heights[fits[0]]), int(widths[fits[0]])
    top = math.floor(uniforms[-2] * (height - box_height + 1))
    left = math.floor(uniforms[-1] * (width - box_width + 1))
    return top, left, box_height, box_width


def _widest(height: int, width: int) -> Box:
    """Return the largest central crop of an allowed aspect ratio."""
    box_width = min(width, round(height * _ASPECTS[1]))
    box_height = min(height, round(width / _ASPECTS[0]))
    return (height - box_height) // 2, (width - box_width) // 2, box_height, box_width


def central_square(height: int, width: int) -> Box:
    """Return the largest central square (top, left, height, width): what an encoder sees of a frame."""
    side = min(height, width)
    return (height - side) // 2, (width - side) // 2, side, side


def central_part(box: Box, share: float) -> Box:
    """Return the middle of a box, that share of its sides; at least one pixel."""
    top, left, height, width = box
    inner_height, inner_width = max(1, round(height * share)), max(1, round(width * share))
    return top + (height - inner_height) // 2, left + (width - inner_width) // 2, inner_height, inner_width


def resample(frames: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Resize frames uint8 [F,h,w,3] to [F,size,size,3] with an antialiased bilinear filter, as encoders do.

    All frames go through torch's vectorised 8-bit kernel at once; its values are PIL's, give or take one.
    """
    torch = import_torch("training")
    pixels = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2)
    resized = torch.nn.functional.interpolate(
        pixels, (size, size), mode="bilinear", align_corners=False, antialias=True
    )
    return np.asarray(resized.permute(0, 2, 3, 1).contiguous().numpy())
