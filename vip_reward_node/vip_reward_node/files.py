"""Writing files whole or not at all, with an error that a user can act on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from vip_ros.errors import UserError
from vip_ros.files import replacing


def write_atomically(path: Path, write: Callable[[Path], Any]) -> None:
    """Let write() fill a file beside path, then rename it to path, so that nobody reads half a file.

    Raises:
        UserError: the folder cannot be written or is full.
    """
    try:
        with replacing(path) as draft:
            write(draft)
    except OSError as error:
        raise UserError(f"cannot write {path}", error.strerror or str(error)) from None
