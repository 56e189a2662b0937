"""One row per episode of a folder: what it is and whether something is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vip_teleop.episode import (
    BAG_FILE,
    IMAGE_TOPIC,
    INTERRUPTED_FOLDER,
    EpisodeInfo,
    list_episodes,
    load_info,
)


@dataclass(frozen=True)
class Row:
    """An episode in a listing; size in bytes."""

    path: Path
    info: EpisodeInfo
    size: int

    @property
    def frames(self) -> int:
        """Number of camera pictures."""
        counts = self.info.counts
        return sum(count for topic, count in counts.items() if topic.startswith(IMAGE_TOPIC))


def overview(directory: Path) -> list[Row]:
    """Return the episodes of a folder by name, those that were interrupted last.

    Raises:
        UserError: no such folder, or a description that cannot be read.
    """
    paths = list_episodes(directory)
    aside = directory / INTERRUPTED_FOLDER
    if aside.is_dir():
        paths += list_episodes(aside)
    return [Row(path, load_info(path), (path / BAG_FILE).stat().st_size) for path in paths]
