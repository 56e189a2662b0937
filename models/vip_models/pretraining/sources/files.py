"""Video files, decoded by FFmpeg through PyAV."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from vip_models.pretraining.sources import SOURCES, Image, Video
from vip_ros.errors import UserError

SUFFIXES = frozenset({".mp4", ".mkv", ".avi", ".webm", ".mov", ".m4v", ".mpg", ".mpeg"})


class VideoFile(Video):
    """The first video stream of a file."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), [path])

    def frames(self) -> Iterator[Image | None]:
        """Yield the frames in order; a damaged packet is yielded as None.

        Raises:
            UserError: not a video file.
        """
        import av

        try:
            with av.open(str(self.files[0])) as container:
                if not container.streams.video:
                    raise UserError(f"{self.name} has no video stream", "give another file")
                stream = container.streams.video[0]
                for packet in container.demux(stream):
                    try:
                        pictures = packet.decode()
                    except av.error.InvalidDataError:
                        yield None
                        continue
                    for picture in pictures:
                        yield np.asarray(picture.to_ndarray(format="rgb24"), np.uint8)
        except (av.error.FFmpegError, OSError) as error:
            raise UserError(f"{self.name} cannot be decoded", str(error.strerror or error)) from None


@SOURCES.register("files")
def open_file(path: Path) -> list[Video] | None:
    """Return the video file as one video."""
    return [VideoFile(path)] if path.is_file() and path.suffix.lower() in SUFFIXES else None
