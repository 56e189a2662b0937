"""Small videos and pictures for tests."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np


def write_video(path: Path, frames: int, rate: float = 10.0, size: tuple[int, int] = (64, 48)) -> Path:
    """Write a video whose frame k is of grey level 4k."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), rate, size)
    assert writer.isOpened()
    for index in range(frames):
        writer.write(np.full((size[1], size[0], 3), 4 * index, np.uint8))
    writer.release()
    return path


def write_png(path: Path, rgb: tuple[int, int, int], size: tuple[int, int] = (8, 6)) -> Path:
    assert cv2.imwrite(str(path), np.full((size[1], size[0], 3), rgb[::-1], np.uint8))
    return path
