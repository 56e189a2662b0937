"""Files that only save time later: where they cannot be written, work goes on without them and says so."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import IO

from vip_ros.files import replacing
from vip_ros.resources import cache_dir


def cache_folder(name: str, loss: str) -> Path | None:
    """Return the cache's folder of that name, which need not exist yet; None where there can be no cache.

    Args:
        name: of the folder.
        loss: what does not happen without it, for the warning.
    """
    try:
        return cache_dir() / name
    except (OSError, RuntimeError) as error:  # a user without a home is a RuntimeError
        _warn(loss, error)
        return None


def write_to_cache(path: Path, write: Callable[[IO[bytes]], object], loss: str) -> None:
    """Write a file whole or not at all; where that fails, a warning says so.

    Args:
        path: the file.
        write: given the open stream.
        loss: what does not happen without the file, for the warning.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as draft, draft.open("wb") as stream:
            write(stream)
    except OSError as error:
        _warn(loss, error)


def _warn(loss: str, error: Exception) -> None:
    # Without the name of the file, which is another each time: the same warning is shown once.
    reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
    warnings.warn(f"the cache cannot be written ({reason}): {loss}", RuntimeWarning, stacklevel=3)
