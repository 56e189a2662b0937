"""Whatever holds the frames of one video: a file, a folder of images or a recorded episode."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from vip_reward_node.video import Footage, TimedFrame
from vip_ros.errors import UserError

# What makes a folder an episode: see vip_teleop, which is imported only for one.
_EPISODE_FILE = "episode.yaml"


class FootageLike(Protocol):
    """Frames with stamps; iterate over it as often as wanted."""

    path: Path
    rate: float
    expected: int

    def __iter__(self) -> Iterator[TimedFrame]:
        """Yield the frames in order; raises UserError at a frame that cannot be decoded."""


class EpisodeFootage:
    """The camera pictures of a recorded episode, with the camera's stamps.

    Args:
        path: the episode's folder.
        rate: frames per second (Hz) to assume; None: the stamps as recorded.

    Raises:
        UserError: not a complete episode, or it has no pictures.
    """

    def __init__(self, path: Path, rate: float | None = None) -> None:
        from vip_teleop.episode import IMAGE_TOPIC
        from vip_teleop.episode_reader import EpisodeReader

        self._reader = EpisodeReader(path)
        self._given = rate
        self.path = path
        self.expected = self._reader.info.counts.get(IMAGE_TOPIC, 0)
        own = self._reader.info.rates.get(IMAGE_TOPIC, 0.0)
        if not own > 0.0 or not self.expected:
            raise UserError("the episode has no pictures", "record it again", str(path))
        self.rate = rate or own

    def __iter__(self) -> Iterator[TimedFrame]:
        """Yield the pictures in the order of recording."""
        first: int | None = None
        for index, (stamp, rgb) in enumerate(self._reader.images()):
            first = stamp if first is None else first
            yield TimedFrame(rgb, index / self._given if self._given else (stamp - first) / 1e9)


def open_footage(path: Path, rate: float | None = None) -> FootageLike:
    """Return the frames of a video file, a folder of images or an episode; raises UserError when it is none.

    Args:
        path: the file or folder.
        rate: frames per second (Hz); None: its own.
    """
    return EpisodeFootage(path, rate) if is_episode(path) else Footage(path, rate)


def is_episode(path: Path) -> bool:
    """Tell whether a path is the folder of an episode."""
    return (path / _EPISODE_FILE).is_file()


def is_success(path: Path) -> bool:
    """Tell whether an episode ended well, or at least not as a failure."""
    from vip_teleop.episode import load_info

    return load_info(path).outcome != "failure"


def last_frames(path: Path, count: int = 1) -> np.ndarray:
    """Return the last frames of a video, a folder of frames or an episode: uint8 [1..count, H, W, 3].

    Raises:
        UserError: nothing there, or nothing in it that can be decoded.
    """
    frames = deque((frame.rgb for frame in open_footage(path)), maxlen=count)
    if not frames:
        raise UserError(f"no frame can be decoded from {path}", "give another goal image or video")
    return np.stack(list(frames))
