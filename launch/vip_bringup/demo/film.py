"""rollout.mp4: the camera's pictures of the closed-loop episodes with the live distance beside them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np
from numpy.typing import NDArray

_INK = (40, 40, 40)
_GREEN = (27, 127, 77)
_BLUE = (30, 110, 200)


class Film:
    """Writes an H.264 film, one frame at a time.

    Args:
        path: the .mp4 file.
        rate: frames per second, Hz.
        size: width and height of the picture, pixels, even numbers.
    """

    def __init__(self, path: Path, rate: int, size: tuple[int, int] = (960, 480)) -> None:
        import av

        self._container = av.open(str(path), "w")
        self._stream = self._container.add_stream("libx264", rate=Fraction(rate))
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "yuv420p"
        self._stream.options = {"crf": "23", "preset": "veryfast"}
        self._size = size

    def add(self, picture: NDArray[np.uint8]) -> None:
        """Append one picture, uint8 [H, W, 3] RGB of the film's size."""
        import av

        for packet in self._stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
            self._container.mux(packet)

    def close(self) -> None:
        """Flush and close the file."""
        for packet in self._stream.encode():
            self._container.mux(packet)
        self._container.close()

    def __enter__(self) -> Film:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def compose(
    image: NDArray[np.uint8], distances: list[float], caption: str, status: str, size: tuple[int, int]
) -> NDArray[np.uint8]:
    """Lay the camera's picture and the distance curve so far side by side.

    Args:
        image: uint8 [H, W, 3] RGB.
        distances: goal distance of every image of the episode so far.
        caption: headline (task and episode).
        status: second line (time, outcome).
        size: width and height of the result, pixels.

    Returns:
        uint8 [height, width, 3] RGB.
    """
    width, height = size
    half = width // 2
    canvas = np.full((height, width, 3), 250, np.uint8)
    scale = min(half / image.shape[1], height / image.shape[0])
    picture = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    top = (height - picture.shape[0]) // 2
    canvas[top : top + picture.shape[0], : picture.shape[1]] = picture
    _text(canvas, caption, (half + 24, 44), 0.75, _INK)
    _text(canvas, status, (half + 24, 76), 0.6, _GREEN if "success" in status else _INK)
    _curve(canvas, distances, (half + 24, 130, width - 24, height - 48))
    return canvas


def _curve(canvas: NDArray[np.uint8], distances: list[float], box: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = box
    cv2.rectangle(canvas, (left, top), (right, bottom), (215, 215, 215), 1)
    _text(canvas, "distance to goal, share of the first", (left, top - 10), 0.5, _INK)
    _text(canvas, "time", (right - 40, bottom + 22), 0.5, _INK)
    if len(distances) < 2 or distances[0] <= 0:
        return
    shares = np.clip(np.asarray(distances) / distances[0], 0, 1.25)
    columns = np.linspace(left, right, max(160, len(shares)))[: len(shares)]
    rows = bottom - shares / 1.25 * (bottom - top)
    points = np.stack([columns, rows], axis=1).round().astype(np.int32)
    cv2.polylines(canvas, [points.reshape(-1, 1, 2)], False, _BLUE, 2, cv2.LINE_AA)
    cv2.circle(canvas, tuple(int(v) for v in points[-1]), 4, _BLUE, -1, cv2.LINE_AA)
    _text(canvas, f"{shares[-1]:.2f}", (right - 60, top + 24), 0.65, _BLUE)


def _text(
    canvas: NDArray[np.uint8], text: str, place: tuple[int, int], scale: float, colour: tuple[int, int, int]
) -> None:
    cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, 1, cv2.LINE_AA)
