"""What a video file and a folder of images have in common: footage, played once or in a loop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vip_reward_node.cameras.base import CameraSource, Frame, SourceConfig
from vip_reward_node.video import Footage, TimedFrame
from vip_ros.errors import UserError


class Recording(CameraSource):
    """Frames decoded exactly as the offline commands decode them."""

    recorded = True

    def __init__(self, config: SourceConfig) -> None:
        super().__init__(config)
        self._footage: Footage | None = None
        self._frames: Iterator[TimedFrame] = iter(())
        self._next: NDArray[np.uint8] | None = None
        self._error: UserError | None = None

    def open(self) -> None:
        """Open the footage and decode its first frame."""
        self._footage = Footage(Path(self.config.source).expanduser(), self.config.rate or None)
        self.rate = self._footage.rate
        self._frames = iter(self._footage)
        self._next = self._decode()
        if self._next is None:
            self.close()
            raise UserError(f"no frame can be decoded from {self.config.source}", "give another video")
        self.size = (self._next.shape[1], self._next.shape[0])

    def read(self) -> Frame | None:
        """Return the next frame at once; raises UserError at one that cannot be decoded."""
        if self._footage is None:
            raise UserError(f"{self.config.source} is not open", "activate the camera node first")
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        if self._next is None and self.config.loop:
            self._frames = iter(self._footage)
            self._next = self._decode()
        frame = self._next
        if frame is None:
            return None
        try:
            self._next = self._decode()
        except UserError as error:  # the frame before it is good: it goes out first
            self._next, self._error = None, error
        return Frame(frame)

    def close(self) -> None:
        """Release the file."""
        self._footage, self._next, self._error = None, None, None
        self._frames = iter(())

    def _decode(self) -> NDArray[np.uint8] | None:
        timed = next(self._frames, None)
        if timed is None:
            return None
        wanted = (self.config.width, self.config.height)
        if wanted == (0, 0) or wanted == (timed.rgb.shape[1], timed.rgb.shape[0]):
            return timed.rgb
        return np.asarray(cv2.resize(timed.rgb, wanted, interpolation=cv2.INTER_AREA), dtype=np.uint8)
