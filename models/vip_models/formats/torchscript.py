"""The tensors of a TorchScript archive, without loading its program.

`torch.jit.load` builds the archive's code before it gives the tensors away. An archive is a zip: data.pkl
says which module holds which tensor, data/0, data/1, … are the tensors' bytes.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from vip_models.formats.inert_pickle import (
    Call,
    Global,
    Instance,
    MalformedPickleError,
    Persistent,
    inspect_pickle,
)
from vip_models.torch_tools import import_torch
from vip_ros.errors import UserError

_REBUILD = "torch._utils _rebuild_tensor_v2"
_DTYPES = {
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}


def is_torchscript(path: Path) -> bool:
    """Return whether a file is a TorchScript archive (a torch checkpoint is a zip too, without code)."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any("/code/" in name or name.endswith("/constants.pkl") for name in archive.namelist())


def read_torchscript(path: Path) -> dict[str, Any]:
    """Return the tensors of a TorchScript archive by their names in the module's state dict.

    Raises:
        UserError: the archive is damaged or of a kind that is not understood.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            pickled = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
            module = inspect_pickle(archive.read(pickled))
            reader = _TensorReader(archive, pickled.removesuffix(".pkl"))
            return dict(_walk(module, "", reader))
    except (
        StopIteration,
        MalformedPickleError,
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        RuntimeError,
    ) as error:
        reason = str(error).split("\n")[0][:120]
        raise UserError(
            f"not a readable TorchScript archive ({reason})", "fetch it again", str(path)
        ) from None


def _walk(value: Any, name: str, reader: _TensorReader) -> list[tuple[str, Any]]:
    if isinstance(value, Instance):
        dot = f"{name}." if name else ""
        return [item for key, child in value.state.items() for item in _walk(child, f"{dot}{key}", reader)]
    if isinstance(value, Call) and value.function == Global(_REBUILD):
        return [(name, reader.tensor(value.arguments))]
    return []


class _TensorReader:
    """Makes tensors of an archive's storages."""

    def __init__(self, archive: zipfile.ZipFile, folder: str) -> None:
        self._torch = import_torch("reading weights")
        self._archive = archive
        self._folder = folder
        self._storages: dict[str, Any] = {}

    def tensor(self, arguments: tuple[Any, ...]) -> Any:
        """Return the tensor that (storage, offset, shape, strides, …) describe."""
        storage, offset, shape, strides = arguments[:4]
        if not isinstance(storage, Persistent):
            raise MalformedPickleError("a tensor without a storage")
        flat = self._storage(storage.key)
        return self._torch.as_strided(flat, shape, strides, offset).clone() if shape else flat[offset].clone()

    def _storage(self, key: tuple[Any, ...]) -> Any:
        _, kind, name, _, _ = key
        if name not in self._storages:
            dtype = getattr(self._torch, _DTYPES[kind.name.split(" ")[-1]])
            raw = bytearray(self._archive.read(f"{self._folder}/{name}"))
            empty = self._torch.empty(0, dtype=dtype)
            self._storages[name] = self._torch.frombuffer(raw, dtype=dtype) if raw else empty
        return self._storages[name]
