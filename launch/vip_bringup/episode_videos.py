"""Recorded episodes as videos to pre-train on: the pictures of the camera, in the order of recording."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vip_models.pretraining.sources import SOURCES, Image, Video
from vip_teleop.episode import BAG_FILE, is_episode
from vip_teleop.episode_reader import EpisodeReader


class EpisodeVideo(Video):
    """One episode's pictures."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), [path / BAG_FILE])
        self._path = path

    def frames(self) -> Iterator[Image | None]:
        """Yield the pictures in order; raises UserError when the bag is damaged."""
        for _, picture in EpisodeReader(self._path).images():
            yield picture


@SOURCES.register("episodes")
def open_episode(path: Path) -> list[Video] | None:
    """Return a complete episode's folder as one video."""
    return [EpisodeVideo(path)] if path.is_dir() and is_episode(path) else None
