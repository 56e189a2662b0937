"""A V4L2/UVC device or a network stream through OpenCV."""

from __future__ import annotations

import os
import time

import cv2
import numpy as np

from vip_reward_node.cameras.base import CAMERAS, CameraSource, Frame, SourceConfig
from vip_ros.addresses import without_password
from vip_ros.errors import UserError

# A network stream that says nothing for this long is gone, ms.
_STREAM_TIMEOUT = 5000


@CAMERAS.register("device")
class OpenCvDevice(CameraSource):
    """/dev/video0, its number, or a URL (rtsp, http, …); the stamp is taken when the frame was grabbed."""

    def __init__(self, config: SourceConfig) -> None:
        super().__init__(config)
        self._capture: cv2.VideoCapture | None = None

    @classmethod
    def matches(cls, source: str) -> bool:
        """Return whether it is a device number, a device file or a URL."""
        return source.isdecimal() or source.startswith("/dev/") or "://" in source

    @property
    def shown(self) -> str:
        """The source without a stream's password."""
        return without_password(self.config.source)

    def open(self) -> None:
        """Connect and grab one frame, which tells whether the camera really delivers."""
        self.close()
        capture = _connect(self.config.source)
        if not capture.isOpened():
            capture.release()
            raise UserError(f"no camera at {self.shown}", self._mend())
        self._ask(capture)
        if not capture.grab():
            capture.release()
            raise UserError(f"the camera at {self.shown} gives no picture", self._mend())
        self.size = (
            int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
            int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
        )
        wanted = (self.config.width, self.config.height)
        if wanted not in ((0, 0), self.size):
            capture.release()
            raise UserError(
                f"the camera at {self.shown} gives {self.size[0]}x{self.size[1]}, "
                f"not {wanted[0]}x{wanted[1]}",
                "set width and height to a size it has, or to 0",
            )
        self.rate = self.config.rate or max(capture.get(cv2.CAP_PROP_FPS), 0.0)
        self._capture = capture

    def read(self) -> Frame | None:
        """Wait for the next frame."""
        if self._capture is None or not self._capture.grab():
            raise UserError(f"the camera at {self.shown} went away", self._mend())
        stamp_ns = time.time_ns()
        decoded, bgr = self._capture.retrieve()
        if not decoded:
            raise UserError(f"the camera at {self.shown} gave a damaged picture", self._mend())
        return Frame(np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8), stamp_ns)

    def close(self) -> None:
        """Release the device."""
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()

    def _ask(self, capture: cv2.VideoCapture) -> None:
        if self.config.width:
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, self.config.width)
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self.config.height)
        if self.config.rate:
            capture.set(cv2.CAP_PROP_FPS, self.config.rate)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)

    def _mend(self) -> str:
        if "://" in self.config.source:
            return "check the address, the network and that the stream runs"
        return "check the cable, `ls /dev/video*` and that no other program uses it"


def _connect(source: str) -> cv2.VideoCapture:
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    if "://" in source:
        limits = [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            _STREAM_TIMEOUT,
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            _STREAM_TIMEOUT,
        ]
        return cv2.VideoCapture(source, cv2.CAP_FFMPEG, limits)
    return cv2.VideoCapture(int(source) if source.isdecimal() else source, cv2.CAP_V4L2)
