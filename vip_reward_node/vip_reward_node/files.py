"""Files that are either complete or not there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vip_ros.errors import UserError


def write_atomically(path: Path, write: Callable[[Path], Any]) -> None:
    """Let write() fill a file beside path, then rename it to path, so that nobody reads half a file.

    Raises:
        UserError: the folder cannot be written or is full.
    """
    # The ending stays: some writers choose the format by it.
    draft = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        write(draft)
        draft.replace(path)
    except OSError as error:
        raise UserError(f"cannot write {path}", error.strerror or str(error)) from None
    finally:
        draft.unlink(missing_ok=True)
