"""NumPy files of frames, uint8 [T,H,W,3] RGB: how rendered videos are kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from vip_models.pretraining.sources import SOURCES, Image, Video
from vip_ros.errors import UserError


class ArrayFile(Video):
    """One .npy file."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), [path])

    def frames(self) -> Iterator[Image | None]:
        """Yield the frames in order.

        Raises:
            UserError: not an array of frames.
        """
        try:
            array = np.load(self.files[0], mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise UserError(f"{self.name} is not an array that can be read", str(error)) from None
        if not isinstance(array, np.ndarray):
            raise UserError(f"{self.name} is an archive", "give one array per file, uint8 [T,H,W,3] RGB")
        if array.ndim != 4 or array.shape[-1] != 3 or array.dtype != np.uint8 or 0 in array.shape[1:]:
            raise UserError(f"{self.name} is {array.dtype} {array.shape}", "give uint8 [T,H,W,3] RGB")
        yield from (np.asarray(frame) for frame in array)


@SOURCES.register("arrays")
def open_array(path: Path) -> list[Video] | None:
    """Return the file as one video."""
    return [ArrayFile(path)] if path.is_file() and path.suffix == ".npy" else None
