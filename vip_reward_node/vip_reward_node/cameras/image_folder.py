"""A folder of images in natural order, played at a rate of the user's choice."""

from __future__ import annotations

from pathlib import Path

from vip_reward_node.cameras.base import CAMERAS
from vip_reward_node.cameras.recording import Recording


@CAMERAS.register("folder")
class ImageFolder(Recording):
    """A folder whose images are the frames."""

    @classmethod
    def matches(cls, source: str) -> bool:
        """Return whether it is a folder, or written as one."""
        return "://" not in source and (source.endswith("/") or Path(source).expanduser().is_dir())
