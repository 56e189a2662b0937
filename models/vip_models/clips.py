"""Sub-trajectories of videos as VIP trains on them: which frames, and one random crop for all of them.

Sampling and augmentation follow arXiv 2210.00030: a random start and a later random end (the goal), one
middle frame and its successor; one random resized crop is drawn per clip and applied to all four frames.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from vip_models.torch_tools import import_torch
from vip_ros.errors import UserError

SHORTEST = 3
_ASPECTS = (3.0 / 4.0, 4.0 / 3.0)


def check_videos(videos: Sequence[np.ndarray]) -> None:
    """Raise UserError unless there are videos, each uint8 [T,H,W,3] of at least three frames."""
    if not videos:
        raise UserError("no videos to train on", "give a folder with at least one video")
    for index, video in enumerate(videos):
        if video.ndim != 4 or video.shape[-1] != 3 or video.dtype != np.uint8 or 0 in video.shape:
            raise UserError(f"video {index} is {video.dtype} {video.shape}", "give uint8 [T,H,W,3] RGB")
        if len(video) < SHORTEST:
            raise UserError(f"video {index} has {len(video)} frames", f"give at least {SHORTEST}")


def sample_frames(length: int, generator: Any) -> tuple[int, int, int, int]:
    """Draw the indices (first, goal, k, k+1) of a video of that many frames."""
    first = _integer(0, length - SHORTEST, generator)
    goal = _integer(first + 1, length - 1, generator)
    now = _integer(first, goal - 1, generator)
    return first, goal, now, min(now + 1, goal)


def sample_box(height: int, width: int, smallest: float, generator: Any) -> tuple[int, int, int, int]:
    """Draw a random crop (top, left, height, width) of at least that share of the frame's area."""
    torch = import_torch("training")
    for _ in range(10):
        share, ratio = torch.rand(2, generator=generator).tolist()
        area = height * width * (smallest + (1.0 - smallest) * share)
        aspect = math.exp(math.log(_ASPECTS[0]) + ratio * math.log(_ASPECTS[1] / _ASPECTS[0]))
        box_width, box_height = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < box_width <= width and 0 < box_height <= height:
            top = _integer(0, height - box_height, generator)
            return top, _integer(0, width - box_width, generator), box_height, box_width
    side = min(height, width)
    return (height - side) // 2, (width - side) // 2, side, side


def sample_batch(
    videos: Sequence[np.ndarray], batch: int, size: int, smallest_crop: float, generator: Any
) -> Any:
    """Draw a batch of cropped clips as float32 [4,B,3,size,size] with values in 0..255."""
    torch = import_torch("training")
    clips = []
    for _ in range(batch):
        video = videos[_integer(0, len(videos) - 1, generator)]
        frames = video[list(sample_frames(len(video), generator))]
        rows, columns = video.shape[1:3]
        top, left, height, width = sample_box(rows, columns, smallest_crop, generator)
        window = np.ascontiguousarray(frames[:, top : top + height, left : left + width])
        pixels = torch.from_numpy(window).permute(0, 3, 1, 2).float()
        clips.append(
            torch.nn.functional.interpolate(
                pixels, (size, size), mode="bilinear", align_corners=False, antialias=True
            )
        )
    return torch.stack(clips, dim=1)


def _integer(low: int, high: int, generator: Any) -> int:
    return int(import_torch("training").randint(low, high + 1, (), generator=generator))
