"""The frames of a benchmark: messages of a camera's size, and a video file to decode."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from builtin_interfaces.msg import Time
from sensor_msgs.msg import Image

from vip_ros.errors import UserError
from vip_ros.images import array_to_image

# A usual camera's picture.
_WIDTH, _HEIGHT = 640, 480
_RATE = 25.0


def messages(frames: np.ndarray, count: int = 8) -> list[Image]:
    """Return image messages 640x480 rgb8 of some of the frames uint8 [T,H,W,3]."""
    chosen = np.linspace(0, len(frames) - 1, count).astype(int)
    return [array_to_image(camera_size(frames[index]), Time(), "camera_optical_frame") for index in chosen]


def camera_size(frame: np.ndarray) -> np.ndarray:
    """Return the frame as a camera would give it, uint8 [480,640,3]."""
    return np.asarray(cv2.resize(frame, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def write_video(frames: np.ndarray, path: Path) -> None:
    """Write frames uint8 [T,H,W,3] as a 640x480 video of at least as many frames.

    Raises:
        UserError: OpenCV cannot write it.
    """
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), _RATE, (_WIDTH, _HEIGHT))
    if not writer.isOpened():
        raise UserError(f"cannot write the video {path}", "check the space on the disk")
    for frame in frames:
        writer.write(camera_size(frame)[..., ::-1])
    writer.release()
