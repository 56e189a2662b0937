"""Where videos come from: a registry of sources, each of which recognises its own kind of file or folder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vip_ros.errors import UserError
from vip_ros.registry import Registry

Image = NDArray[np.uint8]
IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm"})


class Video(ABC):
    """One video that can be decoded from its beginning.

    Attributes:
        name: what messages call it.
        files: what it is read from.
        fills_folder: whether the folder that it was found in is searched no further.
    """

    fills_folder = True

    def __init__(self, name: str, files: Iterable[Path]) -> None:
        self.name = name
        self.files = tuple(files)

    @abstractmethod
    def frames(self) -> Iterator[Image | None]:
        """Yield its frames, uint8 [H,W,3] RGB, in order; None for one that is damaged.

        Raises:
            UserError: it cannot be decoded at all, or no further.
        """

    def fingerprint(self) -> str:
        """Return what changes when its files do, without reading them."""
        return "\n".join(state_of(path) for path in self.files)


class StillVideo(Video):
    """A video whose frames can be read one by one, without a cache."""

    @abstractmethod
    def __len__(self) -> int:
        """Return how many frames it claims to have."""

    @abstractmethod
    def frame(self, index: int) -> Image:
        """Read one frame, uint8 [H,W,3] RGB; raises UserError when it is missing or damaged."""

    def frames(self) -> Iterator[Image | None]:
        """Yield its frames in order; None for a damaged one."""
        for index in range(len(self)):
            try:
                yield self.frame(index)
            except UserError:
                yield None


# An entry returns the videos at a path, or None when the path is not of its kind.
SOURCES: Registry[Callable[[Path], list[Video] | None]] = Registry("video source", __name__)


def discover(root: Path, source: str = "auto") -> list[Video]:
    """Return the videos at a path, in the order of their names; folders are searched all the way down.

    Args:
        root: a video, or a folder of them.
        source: name of one source, or "auto" for the one that recognises the path.

    Raises:
        UserError: nothing there, nothing of a known kind, or an unknown source.
    """
    if not root.exists():
        raise UserError(f"no such file or folder: {root}", "check the path given with --videos")
    openers = [SOURCES.get(name) for name in (SOURCES.names() if source == "auto" else [source])]
    videos = list(_search(root, openers))
    if not videos:
        raise UserError(f"no videos in {root}", f"known kinds: {', '.join(SOURCES.names())}")
    return videos


def _search(path: Path, openers: list[Callable[[Path], list[Video] | None]]) -> Iterator[Video]:
    for opener in openers:
        found = opener(path)
        if found is not None:
            yield from found
            if all(video.fills_folder for video in found):
                return
            break
    if path.is_dir():
        for child in sorted(path.iterdir(), key=lambda entry: natural_order(entry.name)):
            if not child.name.startswith(".") and child.suffix.lower() not in IMAGE_SUFFIXES:
                yield from _search(child, openers)


def natural_order(name: str) -> tuple[Any, ...]:
    """Return a key by which names sort as people count: "2" before "10"."""
    digits, parts = "", []
    for letter in f"{name} ":
        if letter.isdecimal():
            digits += letter
            continue
        if digits:
            parts.append((0, int(digits), ""))
            digits = ""
        parts.append((1, 0, letter))
    return tuple(parts)


def state_of(path: Path) -> str:
    """Return name, size and time of a file in one line."""
    try:
        status = path.stat()
    except OSError:
        return f"{path} missing"
    return f"{path.resolve()} {status.st_size} {status.st_mtime_ns}"
