"""The videos of a run, ready to be read at random, and an account of those that could not be used."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vip_models.pretraining.augmentation import Box
from vip_models.pretraining.cache import FrameCache, read_rows, read_shape
from vip_models.pretraining.objectives import SHORTEST
from vip_models.pretraining.sources import StillVideo, Video
from vip_ros.errors import UserError

_ROUNDING = 1e-9  # of a share times a number of videos


class Clips(ABC):
    """Frames of one video, readable in any order.

    Attributes:
        name: what messages call the video.
        length: number of frames.
    """

    name: str
    length: int

    @abstractmethod
    def read(self, frames: list[int], choose: Callable[[int, int], Box]) -> NDArray[np.uint8]:
        """Read a window of some frames, uint8 [F,h,w,3] RGB.

        Args:
            frames: indices.
            choose: height and width of a frame → the window (top, left, height, width).

        Raises:
            UserError: a frame is missing or damaged.
        """


class CachedClips(Clips):
    """A file of the cache."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self._path = name, path
        self._shape = read_shape(path)
        self.length = self._shape[0]

    def read(self, frames: list[int], choose: Callable[[int, int], Box]) -> NDArray[np.uint8]:
        """Read only the rows of the window."""
        top, left, height, width = choose(*self._shape[1:])
        return read_rows(self._path, self._shape, frames, top, height)[:, :, left : left + width]


class StillClips(Clips):
    """Images decoded when they are wanted."""

    def __init__(self, video: StillVideo) -> None:
        self.name, self.length, self._video = video.name, len(video), video

    def read(self, frames: list[int], choose: Callable[[int, int], Box]) -> NDArray[np.uint8]:
        """Decode each frame once, even one that is asked for twice."""
        pictures = {index: self._video.frame(index) for index in set(frames)}
        shape = pictures[frames[0]].shape
        if any(picture.shape != shape for picture in pictures.values()):
            raise UserError(f"frames of different sizes in {self.name}", "give all frames one size")
        top, left, height, width = choose(*shape[:2])
        window = (slice(top, top + height), slice(left, left + width))
        return np.stack([pictures[index][window] for index in frames])


class ArrayClips(Clips):
    """Frames that lie in memory, or in a mapped file."""

    def __init__(self, name: str, frames: NDArray[np.uint8]) -> None:
        if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8 or 0 in frames.shape[1:]:
            raise UserError(f"{name} is {frames.dtype} {frames.shape}", "give uint8 [T,H,W,3] RGB")
        self.name, self.length, self._frames = name, len(frames), frames

    def read(self, frames: list[int], choose: Callable[[int, int], Box]) -> NDArray[np.uint8]:
        """Cut the window out of the frames."""
        top, left, height, width = choose(*self._frames.shape[1:3])
        return self._frames[frames, top : top + height, left : left + width]


@dataclass
class Dataset:
    """Videos to train on or to validate with.

    Attributes:
        clips: those that can be used.
        rejected: name and reason of those that cannot.
        broken: name and reason of those of which only the beginning can be used.
        damaged: frames that could not be decoded when the videos were prepared.
    """

    clips: list[Clips] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    damaged: int = 0

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Return the number of frames of each video, [V]."""
        return np.array([clips.length for clips in self.clips], np.int64)

    def add(self, clips: Clips) -> None:
        """Take a video, or name it among the rejected when it is too short."""
        if clips.length < SHORTEST:
            frames = "is empty" if clips.length == 0 else f"has {clips.length} frame(s)"
            self.rejected[clips.name] = f"{frames}, {SHORTEST} are needed"
        else:
            self.clips.append(clips)

    def check(self) -> None:
        """Raise UserError when no video can be used."""
        if not self.clips:
            reasons = "; ".join(f"{name} {reason}" for name, reason in list(self.rejected.items())[:3])
            raise UserError("no videos to train on", reasons or "give at least one video")

    def split(self, share: float) -> tuple[Dataset, Dataset]:
        """Hold that share of the videos back, evenly spread and at least one; returns (training, held out).

        One video at least is left to train on.
        """
        if share <= 0.0 or len(self.clips) < 2:
            return self, Dataset()
        whole = [math.floor(count * share + _ROUNDING) for count in range(len(self.clips) + 1)]
        chosen = [after > before for before, after in pairwise(whole)]
        if not any(chosen):
            chosen[-1] = True
        if all(chosen):
            chosen[0] = False
        held = [clips for clips, out in zip(self.clips, chosen, strict=True) if out]
        kept = [clips for clips, out in zip(self.clips, chosen, strict=True) if not out]
        return Dataset(kept, self.rejected, self.broken, self.damaged), Dataset(held)


def arrays(videos: Sequence[NDArray[np.uint8]]) -> Dataset:
    """Make a dataset of videos in memory, each uint8 [T,H,W,3].

    Raises:
        UserError: none, or one that is no video or too short.
    """
    dataset = Dataset()
    for index, video in enumerate(videos):
        dataset.add(ArrayClips(f"video {index}", video))
    for name, reason in dataset.rejected.items():
        raise UserError(f"{name} {reason}", "leave it out")
    dataset.check()
    return dataset


def prepare(
    videos: Iterable[Video],
    cache: FrameCache,
    all_cached: bool,
    workers: int,
    done: Callable[[], None] = lambda: None,
) -> Dataset:
    """Make a dataset of videos on disk.

    Args:
        videos: what was found.
        cache: where those go that cannot be read frame by frame.
        all_cached: whether folders of images go there too.
        workers: threads that decode.
        done: called after each video.

    Raises:
        UserError: the cache cannot be written.
    """
    dataset = Dataset()

    def open_one(video: Video) -> tuple[Clips | None, str, int]:
        clips, reason, damaged = _open(video, cache, all_cached)
        done()
        return clips, reason, damaged

    videos = list(videos)
    pool = ThreadPoolExecutor(max(1, workers), "decode")
    try:
        for video, (clips, reason, damaged) in zip(videos, pool.map(open_one, videos), strict=True):
            dataset.damaged += damaged
            if clips is not None:
                dataset.add(clips)
                if reason:
                    dataset.broken[video.name] = reason
            else:
                dataset.rejected[video.name] = reason
    finally:
        pool.shutdown(cancel_futures=True)  # an interrupt does not wait for the videos still to come
    return dataset


def _open(video: Video, cache: FrameCache, all_cached: bool) -> tuple[Clips | None, str, int]:
    if isinstance(video, StillVideo) and not all_cached:
        return StillClips(video), "", 0
    record = cache.prepare(video)
    if not record.key:
        return None, record.reason, record.damaged
    clips = CachedClips(video.name, cache.path(record.key))
    return clips, record.reason, record.damaged
