"""A video file, played at its own rate."""

from __future__ import annotations

from pathlib import Path

from vip_reward_node.cameras.base import CAMERAS
from vip_reward_node.cameras.recording import Recording

# A file that is not there is still meant as a video when its name says so: the error is then clearer.
_SUFFIXES = frozenset({".mp4", ".mkv", ".avi", ".webm", ".mov", ".m4v", ".mpg", ".mpeg", ".gif"})


@CAMERAS.register("video")
class VideoFile(Recording):
    """A video that OpenCV can decode."""

    @classmethod
    def matches(cls, source: str) -> bool:
        """Return whether it is a file, or named like a video."""
        path = Path(source).expanduser()
        return "://" not in source and (path.is_file() or path.suffix.lower() in _SUFFIXES)
