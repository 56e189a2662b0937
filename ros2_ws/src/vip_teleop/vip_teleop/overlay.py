"""The scene as it is, over the scene as it should be at the start of an episode."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vip_ros.errors import UserError
from vip_ros.pictures import decode_picture
from vip_teleop.episode import is_episode, list_episodes
from vip_teleop.episode_reader import EpisodeReader

Pixels = NDArray[np.uint8]


def reference_picture(reference: str, directory: Path | None) -> Pixels | None:
    """Return the picture that an episode should begin with, uint8 [H, W, 3] RGB; None while there is none.

    Args:
        reference: an image file or an episode; empty: the first episode of the directory.
        directory: folder of the episodes.

    Raises:
        UserError: a reference that cannot be read.
    """
    if reference:
        path = Path(reference).expanduser()
        return _first_frame(path) if is_episode(path) else _image(path)
    if directory is None or not directory.is_dir():
        return None
    known = list_episodes(directory)
    return _first_frame(known[0]) if known else None


def blend(live: Pixels, reference: Pixels, share: float = 0.5) -> Pixels:
    """Return both pictures over each other, what differs in colour: live in red, reference in cyan.

    Args:
        live: uint8 [H, W, 3] RGB.
        reference: uint8 [h, w, 3] RGB, brought to the size of the live one.
        share: of the coloured difference against the plain mean, [0, 1].
    """
    size = (live.shape[1], live.shape[0])
    if reference.shape != live.shape:
        reference = np.asarray(cv2.resize(reference, size, interpolation=cv2.INTER_AREA), np.uint8)
    mean = cv2.addWeighted(live, 0.5, reference, 0.5, 0.0)
    red = cv2.cvtColor(live, cv2.COLOR_RGB2GRAY)
    cyan = cv2.cvtColor(reference, cv2.COLOR_RGB2GRAY)
    coloured = np.dstack([red, cyan, cyan])
    return np.asarray(cv2.addWeighted(coloured, share, mean, 1.0 - share, 0.0), np.uint8)


def write_png(path: Path, pixels: Pixels) -> None:
    """Write a picture that is whole whenever it is read; UserError when the folder refuses."""
    beside = path.with_name(f".{path.name}")
    done, data = cv2.imencode(
        ".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_PNG_COMPRESSION, 1)
    )
    try:
        beside.write_bytes(data.tobytes() if done else b"")
        beside.rename(path)
    except OSError as error:
        raise UserError("cannot write the overlay", str(error), str(path)) from None


def _first_frame(episode: Path) -> Pixels:
    for _, pixels in EpisodeReader(episode).images():
        return pixels
    raise UserError("the reference episode has no pictures", "name another one", str(episode))


def _image(path: Path) -> Pixels:
    try:
        pixels = decode_picture(path.read_bytes(), str(path))
    except OSError:
        pixels = None
    if pixels is None:
        raise UserError("no such reference", "name an image file or an episode", str(path))
    return pixels
