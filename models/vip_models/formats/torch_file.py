"""torch's own files, read by its weights-only loader."""

from __future__ import annotations

import argparse
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from vip_models.torch_tools import import_torch

_NUMPY_TYPES = ("float64", "float32", "int64", "int32", "bool")


def load_torch_file(path: Path) -> Any:
    """Return what a torch file holds, without running what it holds.

    Published checkpoints carry their command line and figures beside the tensors: argparse's Namespace and
    numpy's numbers are plain data, and let through. Tensors are mapped from the file, so that an optimiser's
    state, several times the network's size, is never read.

    Raises:
        pickle.UnpicklingError: it holds anything else; other errors of torch for what is no such file.
    """
    torch = import_torch("reading weights")
    with torch.serialization.safe_globals(_plain_data()):
        return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))


def _plain_data() -> list[Any]:
    scalar = np.float64(0).__reduce__()[0]
    # numpy 1 wrote the same function under another name.
    old_name = (scalar, "numpy.core.multiarray.scalar")
    return [argparse.Namespace, np.dtype, scalar, old_name, *(type(np.dtype(name)) for name in _NUMPY_TYPES)]
