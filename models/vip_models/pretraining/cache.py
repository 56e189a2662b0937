"""Frames decoded once: one file per video, uint8 and already small, that any process reads at random.

A file holds a NumPy array [T,h,w,3] and is named by the hash of its frames; a record named by where the video
came from, its size and its time says which file is its own, so that copies share one. Both appear complete
or not at all. Frames are read with plain reads instead of a memory map: no open files are kept, however
many videos there are, and a file cut short by a full disk is an error message instead of a dead process.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray

from vip_models.pretraining.sources import Image, Video
from vip_ros.errors import UserError
from vip_ros.files import replacing

# What np.lib.format takes for the header of a version 1.0 file with so short a description.
_HEADER = 128
_FORMAT = 1
_ABANDONED = 3600.0  # s without a write


@dataclass(frozen=True)
class Record:
    """What became of one video.

    Attributes:
        key: name of its file in the cache; empty when nothing of it could be used.
        frames: frames that it holds.
        damaged: frames that could not be decoded and are left out.
        reason: why it, or its end, could not be used.
    """

    key: str = ""
    frames: int = 0
    damaged: int = 0
    reason: str = ""


class FrameCache:
    """A folder of decoded videos.

    Args:
        folder: created when missing.
        short_side: pixels; larger frames are reduced to it, smaller ones are kept.
    """

    def __init__(self, folder: Path, short_side: int) -> None:
        self.folder = folder
        self.short_side = short_side
        for rest in folder.glob(".*.part"):  # of a process that was killed
            with suppress(FileNotFoundError):  # of one that has just finished it
                if time.time() - rest.stat().st_mtime > _ABANDONED:
                    rest.unlink()

    def prepare(self, video: Video) -> Record:
        """Return the record of a video, decoding it if that has not been done without trouble.

        What could not be decoded, or not to its end, is tried again by the next run: the cause may be mended.

        Raises:
            UserError: the cache cannot be written.
        """
        place = f"{_FORMAT} {self.short_side} {video.fingerprint()}"
        record_path = self.folder / "records" / f"{hashlib.sha256(place.encode()).hexdigest()[:40]}.json"
        record = _read_record(record_path)
        if record is not None and record.key and not record.reason and self._whole(record.key):
            return record
        try:
            record_path.parent.mkdir(parents=True, exist_ok=True)
            record = self._decode(video)
            with replacing(record_path) as draft:
                draft.write_text(json.dumps(asdict(record)), encoding="utf-8")
        except OSError as error:
            raise UserError(
                f"cannot write decoded frames: {error.strerror or error}",
                "make room, or give --cache a folder on another disk",
                str(self.folder),
            ) from None
        return record

    def path(self, key: str) -> Path:
        """Return where the frames of that key lie."""
        return self.folder / f"{key}.npy"

    def _whole(self, key: str) -> bool:
        try:
            read_shape(self.path(key))
        except UserError:
            return False  # missing or damaged: the video is decoded again
        return True

    def _decode(self, video: Video) -> Record:
        digest, shape, frames, damaged = hashlib.sha256(), None, 0, 0
        problems: list[str] = []
        temporary = self.folder / f".{os.getpid()}-{id(video):x}.part"
        try:
            with temporary.open("wb") as stream:
                stream.write(bytes(_HEADER))
                for frame in _readable(video.frames(), problems):
                    if frame is None or (shape is not None and frame.shape[:2] != shape):
                        damaged += 1
                        continue
                    shape = frame.shape[:2]
                    small = np.ascontiguousarray(reduce_frame(frame, self.short_side))
                    digest.update(small.data)
                    stream.write(small.data)
                    frames += 1
                if shape is None:
                    return Record(damaged=damaged, reason="; ".join(problems) or "is empty")
                _write_header(stream, (frames, *small.shape))
                stream.flush()
                os.fsync(stream.fileno())
            key = digest.hexdigest()[:40]
            temporary.replace(self.path(key))
        finally:
            temporary.unlink(missing_ok=True)
        return Record(key, frames, damaged, "; ".join(problems))


def reduce_frame(frame: Image, short_side: int) -> Image:
    """Reduce a frame [H,W,3] so that its short side is at most that long; it is never enlarged."""
    height, width = frame.shape[:2]
    scale = short_side / min(height, width)
    if scale >= 1.0:
        return frame
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)


def read_shape(path: Path) -> tuple[int, int, int]:
    """Return (T, h, w) of a file of the cache; raises UserError when it is damaged."""
    try:
        with path.open("rb") as stream:
            np.lib.format.read_magic(stream)
            shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
            if dtype != np.uint8 or stream.tell() != _HEADER or len(shape) != 4:
                raise ValueError("not frames")
    except (OSError, ValueError) as error:
        raise UserError(f"the cached frames are damaged ({error})", "delete the file", str(path)) from None
    if path.stat().st_size != _HEADER + int(np.prod(shape)):
        raise UserError("the cached frames are cut short", "delete the file", str(path))
    return shape[0], shape[1], shape[2]


def read_rows(
    path: Path, shape: tuple[int, int, int], frames: list[int], top: int, rows: int
) -> NDArray[np.uint8]:
    """Read rows top..top+rows of some frames of a cached file, uint8 [F,rows,w,3].

    Raises:
        UserError: the file is missing or shorter than its header says.
    """
    _, height, width = shape
    out = np.empty((len(frames), rows, width, 3), np.uint8)
    try:
        with path.open("rb", buffering=0) as stream:
            for index, target in zip(frames, out, strict=True):
                offset = _HEADER + (index * height + top) * width * 3
                if os.preadv(stream.fileno(), [target.data], offset) != target.nbytes:
                    raise UserError("the cached frames are cut short", "delete the file", str(path))
    except OSError as error:
        raise UserError(f"cannot read {path}", str(error.strerror)) from None
    return out


def _write_header(stream: BinaryIO, shape: tuple[int, ...]) -> None:
    stream.seek(0)
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)  # type: ignore[arg-type]
    if stream.tell() != _HEADER:
        raise AssertionError(f"a header of {stream.tell()} bytes")


def _readable(frames: Iterator[Image | None], problems: list[str]) -> Iterator[Image | None]:
    """Yield frames up to where the video cannot be decoded any further; the reason goes to the list."""
    try:
        yield from frames
    except UserError as error:
        problems.append(str(error))


def _read_record(path: Path) -> Record | None:
    try:
        return Record(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # not there, or written by something else: the video is decoded again
