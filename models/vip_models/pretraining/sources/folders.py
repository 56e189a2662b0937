"""Folders of numbered images: each folder is a video, each image a frame."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2

from vip_models.pretraining.objectives import SHORTEST
from vip_models.pretraining.sources import (
    IMAGE_SUFFIXES,
    SOURCES,
    Image,
    StillVideo,
    Video,
    natural_order,
)
from vip_ros.errors import UserError
from vip_ros.pictures import decode_picture


class FrameFolder(StillVideo):
    """Images in the order of their numbers ("2" before "10")."""

    fills_folder = False  # there may be folders beside them

    def __init__(self, name: str, images: Sequence[Path]) -> None:
        super().__init__(name, images)

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.files)

    def frame(self, index: int) -> Image:
        """Read one image; raises UserError when it is missing or damaged."""
        return read_image(self.files[index])


def read_image(path: Path) -> Image:
    """Read an image file as uint8 [H,W,3] RGB; raises UserError when it is missing or damaged."""
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        pixels = decode_picture(path.read_bytes(), str(path))
    except OSError as error:
        raise UserError(f"cannot read {path}", str(error.strerror)) from None
    if pixels is None:
        raise UserError(f"{path} is not an image that can be decoded", "replace or delete it")
    return pixels


@SOURCES.register("frames")
def open_folder(path: Path) -> list[Video] | None:
    """Return the folder's images as one video; a folder with nothing in it is an empty one.

    Images beside films are pictures of these, and less than a video's beside as many files of no known kind
    are none either.
    """
    if not path.is_dir():
        return None
    entries = [entry for entry in path.iterdir() if not entry.name.startswith(".")]
    images = [entry for entry in entries if entry.suffix.lower() in IMAGE_SUFFIXES]
    others = [entry for entry in entries if entry.suffix.lower() not in IMAGE_SUFFIXES]
    if any(entry.is_file() and _is_video(entry) for entry in others):
        return None
    if len(images) < SHORTEST and others and len(images) <= len(others):
        return None
    return [FrameFolder(str(path), sorted(images, key=lambda image: natural_order(image.name)))]


def _is_video(path: Path) -> bool:
    openers = (SOURCES.get(name) for name in SOURCES.names() if name != "frames")
    return any(opener(path) is not None for opener in openers)
