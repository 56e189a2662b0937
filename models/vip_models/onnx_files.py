"""ONNX models beyond two gigabytes: protobuf's limit, past which tensors lie in files of their own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from vip_ros.errors import UserError
from vip_ros.extras import install_extra

# Runtimes map tensors from the file, which asks for whole pages.
_PAGE = 4096


def move_model(model: Path, target: Path) -> None:
    """Move a model to its place, with its tensors' files as one file NAME.data beside it.

    The model appears last, and with it the whole: a reader never meets half of it.

    Args:
        model: in a folder of its own with the files that its tensors lie in, where there are any.
        target: where it shall be.

    Raises:
        UserError: it has such files, and the onnx package, which packs them, is not installed.
    """
    if any(other != model for other in model.parent.iterdir()):
        data = target.with_name(f"{target.name}.data")
        staged = model.parent / data.name
        _pack(model, staged)
        staged.replace(data)
    model.replace(target)


def _pack(model: Path, data: Path) -> None:
    onnx = _import_onnx()
    proto = onnx.load(model, load_external_data=False)
    with data.open("wb") as out:
        for tensor in proto.graph.initializer:
            if tensor.data_location != onnx.TensorProto.EXTERNAL:
                continue
            source = model.parent / {entry.key: entry.value for entry in tensor.external_data}["location"]
            out.seek(-(-out.tell() // _PAGE) * _PAGE)
            place = {"location": data.name, "offset": out.tell(), "length": source.stat().st_size}
            with source.open("rb") as content:
                shutil.copyfileobj(content, out, 1 << 20)
            source.unlink()
            del tensor.external_data[:]
            for key, value in place.items():
                tensor.external_data.add(key=key, value=str(value))
    onnx.save(proto, model)


def _import_onnx() -> Any:
    try:
        import onnx
    except ImportError as error:
        raise UserError(
            f"exporting a network of more than 2 GB needs onnx ({error})",
            f"run: {install_extra('train')}",
        ) from None
    return onnx
