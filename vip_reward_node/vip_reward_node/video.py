"""Frames with stamps from a video file or a folder of images, decoded one at a time through OpenCV."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from vip_ros.errors import UserError
from vip_ros.pictures import MOST_PIXELS, decode_picture

FOLDER_RATE = 25.0
IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm"})
VIDEO_SUFFIXES = frozenset({".mp4", ".mkv", ".avi", ".webm", ".mov", ".m4v", ".mpg", ".mpeg"})

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class TimedFrame:
    """One frame: rgb is uint8 [H, W, 3]; stamp is seconds since the first frame."""

    rgb: Image
    stamp: float


class Footage:
    """A video file or a folder of images; iterate over it for its frames, as often as wanted.

    Args:
        path: the video file, or a folder whose images in natural order ("2" before "10") are the frames.
        rate: frames per second (Hz); None: the video's own, and FOLDER_RATE for a folder.

    Raises:
        UserError: nothing there, no images in the folder, or not a video that OpenCV can decode.
    """

    def __init__(self, path: Path, rate: float | None = None) -> None:
        if not path.exists():
            raise UserError(f"no such file or folder: {path}", "check the path")
        self.path = path
        self._images = image_files(path) if path.is_dir() else []
        self.rate, self.expected = self._folder(rate) if path.is_dir() else self._video(rate)

    def __iter__(self) -> Iterator[TimedFrame]:
        """Yield the frames in order; raises UserError at a frame that cannot be decoded."""
        images = self._folder_frames() if self._images else self._video_frames()
        for index, rgb in enumerate(images):
            yield TimedFrame(rgb, index / self.rate)

    def _folder(self, rate: float | None) -> tuple[float, int]:
        if not self._images:
            raise UserError(f"no images in {self.path}", f"known endings: {' '.join(sorted(IMAGE_SUFFIXES))}")
        return rate or FOLDER_RATE, len(self._images)

    def _video(self, rate: float | None) -> tuple[float, int]:
        capture = _open(self.path)
        try:
            own = capture.get(cv2.CAP_PROP_FPS)
            expected = max(int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0)
        finally:
            capture.release()
        if rate is None and not (math.isfinite(own) and own > 0.0):
            raise UserError(f"{self.path} states no frame rate", "give the rate in Hz")
        return rate or own, expected

    def _folder_frames(self) -> Iterator[Image]:
        shape: tuple[int, ...] | None = None
        for path in self._images:
            rgb = read_image(path)
            if shape is not None and rgb.shape != shape:
                raise UserError(
                    f"{path} is {_size(rgb.shape)}, the frames before it {_size(shape)}",
                    "give all frames of a folder one size",
                )
            shape = rgb.shape
            yield rgb

    def _video_frames(self) -> Iterator[Image]:
        capture = _open(self.path)
        try:
            while True:
                decoded, bgr = capture.read()
                if not decoded:
                    return
                yield _to_rgb(bgr)
        finally:
            capture.release()


def read_image(path: Path) -> Image:
    """Read a still image as uint8 RGB [H, W, 3]; raises UserError when it is missing or not an image."""
    _hush()
    # Decoding from memory instead of imread tells a missing file from a damaged one.
    try:
        rgb = decode_picture(path.read_bytes(), str(path))
    except OSError as error:
        raise UserError(f"cannot read the image {path}", str(error.strerror)) from None
    if rgb is None:
        raise UserError(f"not an image that can be read: {path}", "give a PNG or JPEG file")
    return rgb


def image_files(folder: Path) -> list[Path]:
    """Return the images of a folder in natural order."""
    files = [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()]
    return sorted(files, key=lambda path: natural_order(path.name))


def natural_order(name: str) -> tuple[list[tuple[int, int | str]], str]:
    """Return a key by which names sort as people count: "2" before "10"."""
    parts = re.split(r"(\d+)", name.lower())
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts], name


def _open(path: Path) -> cv2.VideoCapture:
    _hush()
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    if not capture.isOpened():
        capture.release()
        raise UserError(f"not a video that can be decoded: {path}", "give an MP4, MKV, AVI or WebM file")
    width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    if width * height > MOST_PIXELS:
        capture.release()
        raise UserError(f"{path} is {width:.0f}x{height:.0f}", "scale the video down")
    return capture


def _hush() -> None:
    """Keep OpenCV's and FFmpeg's own complaints off the terminal: an exception says it in one line."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def _to_rgb(bgr: MatLike) -> Image:
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}x{shape[0]}"
