"""Pictures as a video whose frames carry their true times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from vip_ros.errors import UserError

TIME_BASE = Fraction(1, 90_000)
"""11 µs: well within the 0.1 ms by which LeRobot's loader lets a frame be off."""
_QUALITY = "14"  # libx264's constant rate factor
_KEY_EVERY = 2  # frames: a loader jumps to any of them


def write_video(path: Path, frames: Iterable[tuple[int, NDArray[np.uint8]]], fps: int) -> int:
    """Write pictures as H.264 and return how many.

    Args:
        path: an .mp4; its folder is made.
        frames: (stamp in ns, uint8 [H, W, 3] RGB), the first one is the video's time 0.
        fps: nominal rate, Hz.

    Raises:
        UserError: an odd size, which the codec cannot have, or a file that cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    count, first_ns = 0, 0
    try:
        with av.open(str(path), "w", options={"video_track_timescale": "90000"}) as container:
            stream = container.add_stream("libx264", rate=fps)
            stream.pix_fmt = "yuv420p"
            stream.options = {"crf": _QUALITY, "g": str(_KEY_EVERY), "bf": "0", "preset": "veryfast"}
            stream.codec_context.time_base = TIME_BASE
            for stamp_ns, pixels in frames:
                if count == 0:
                    stream.height, stream.width = _even(pixels)
                    first_ns = stamp_ns
                picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
                picture.pts = round((stamp_ns - first_ns) * 1e-9 / TIME_BASE)
                picture.time_base = TIME_BASE
                container.mux(stream.encode(picture))
                count += 1
            container.mux(stream.encode())
    except (OSError, av.FFmpegError) as error:
        raise UserError("cannot write the video", str(error), str(path)) from None
    return count


def read_video(path: Path, begin: float, end: float) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Yield (time since begin in s, uint8 [H, W, 3] RGB) of the frames from begin to before end, s.

    Raises:
        UserError: the file cannot be read.
    """
    slack = 0.5e-3
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            base = stream.time_base
            assert base is not None  # every stream of a file has one
            container.seek(max(0, int(begin / base)), stream=stream)
            for frame in container.decode(stream):
                at = float((frame.pts or 0) * base)
                if at >= end - slack:
                    return
                if at >= begin - slack:
                    yield at - begin, np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    except (OSError, av.FFmpegError, IndexError) as error:
        raise UserError("cannot read the video", str(error), str(path)) from None


def _even(pixels: NDArray[np.uint8]) -> tuple[int, int]:
    height, width = pixels.shape[:2]
    if height % 2 or width % 2:
        raise UserError(f"a {width}x{height} picture has no H.264 video", "record pictures of an even size")
    return height, width
