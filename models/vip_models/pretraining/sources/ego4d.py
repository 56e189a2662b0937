"""Ego4D as R3M processed it: manifest.csv with the columns path and len, frames PATH000000.jpg and on.

`path` ends with a slash, so that the frames of a clip lie in a folder of their own; a relative one counts
from the manifest's folder. About 72 000 clips of 10 to 150 frames.
"""

from __future__ import annotations

import csv
from pathlib import Path

from vip_models.pretraining.sources import SOURCES, Image, StillVideo, Video, state_of
from vip_models.pretraining.sources.folders import read_image
from vip_ros.errors import UserError

MANIFEST = "manifest.csv"


class ManifestClip(StillVideo):
    """One row of the manifest."""

    def __init__(self, prefix: str, length: int) -> None:
        super().__init__(prefix, ())
        self._prefix, self._length = prefix, length

    def __len__(self) -> int:
        """Return the length that the manifest states."""
        return self._length

    def frame(self, index: int) -> Image:
        """Read one frame; raises UserError when it is missing or damaged."""
        return read_image(self._path(index))

    def fingerprint(self) -> str:
        """Return name, length and state of the first and last frame: 4.3 million files are not all asked."""
        return f"{self._length}\n{state_of(self._path(0))}\n{state_of(self._path(max(0, self._length - 1)))}"

    def _path(self, index: int) -> Path:
        return Path(f"{self._prefix}{index:06d}.jpg")


@SOURCES.register("ego4d")
def open_manifest(path: Path) -> list[Video] | None:
    """Return the clips of a folder with a manifest, or of the manifest itself.

    Raises:
        UserError: the manifest has not the columns, or a length that is no number.
    """
    manifest = path / MANIFEST if path.is_dir() else path
    if manifest.name != MANIFEST or not manifest.is_file():
        return None
    try:
        text = manifest.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError("the manifest cannot be read as text", str(error), str(manifest)) from None
    rows = csv.DictReader(text.splitlines())
    if not {"path", "len"} <= set(rows.fieldnames or ()):
        raise UserError("the manifest has no columns path and len", "write them as R3M does", str(manifest))
    return [_clip(row, manifest, number) for number, row in enumerate(rows, start=2)]


def _clip(row: dict[str, str | None], manifest: Path, line: int) -> ManifestClip:
    path, stated = row["path"], row["len"] or ""
    if not stated.strip().isdecimal():
        raise UserError(f"line {line}: the length is {stated!r}", "give a whole number", str(manifest))
    if not path:
        raise UserError(f"line {line} has no path", "name the clip's folder", str(manifest))
    prefix = path if path.startswith("/") else f"{manifest.parent}/{path}"
    return ManifestClip(prefix, int(stated))
