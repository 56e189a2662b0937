"""Files that are either complete or not there, after a kill or a power cut too."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a draft to fill in the block; when that ends well, the draft takes the place of path.

    The draft lies beside path, hidden, with path's ending (some writers choose the format by it), under a
    name that no other thread or process has. If the block raises, path is as it was and the draft is gone.

    Raises:
        OSError: the folder cannot be written or is full.
    """
    draft = path.with_name(f".{path.stem}.{os.getpid()}-{threading.get_ident()}{path.suffix}")
    try:
        yield draft
        with draft.open("rb") as stream:  # without this, a power cut after the rename leaves an empty file
            os.fsync(stream.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
