"""Resize and crop as an ONNX graph of two matrix products, for devices that PIL does not run on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from vip_ros.errors import UserError
from vip_ros.extras import install_extra
from vip_ros.files import replacing
from vip_ros.resources import cache_dir

FRAMES, ROWS, COLUMNS, RESIZED = "frames", "rows", "columns", "resized"
_OPSET, _VERSION = 17, 1


def resize_graph() -> Path:
    """Return the graph's file, written on first use.

    Inputs are frames uint8 [N,H,W,3] and the weights rows float32 [h,H] and columns float32 [W,w] (see
    `resampling.matrix`); the output is resized uint8 [N,h,w,3]. As in PIL the rows are resampled first, and
    what comes of it is rounded to whole grey levels before the columns are.

    Raises:
        UserError: onnx is not installed.
    """
    path = cache_dir() / "onnx" / f"resize-{_VERSION}.onnx"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as draft:
            draft.write_bytes(_model())
    return path


def _model() -> bytes:
    try:
        from onnx import TensorProto, helper, numpy_helper
    except ImportError as error:
        raise UserError(
            f"resizing on a device needs onnx ({error})", f"{install_extra('train')}, or runtime cpu"
        ) from None
    node = helper.make_node

    def rounded(source: str, target: str) -> list[Any]:
        return [
            node("Add", [source, "half"], [f"{target}_half"]),
            node("Floor", [f"{target}_half"], [f"{target}_floor"]),
            node("Clip", [f"{target}_floor", "black", "white"], [target]),
        ]

    nodes = [
        node("Transpose", [FRAMES], ["planes"], perm=[0, 3, 1, 2]),
        node("Cast", ["planes"], ["values"], to=TensorProto.FLOAT),
        node("MatMul", ["values", COLUMNS], ["wide"]),
        *rounded("wide", "narrow"),
        node("MatMul", [ROWS, "narrow"], ["high"]),
        *rounded("high", "small"),
        node("Transpose", ["small"], ["pixels"], perm=[0, 2, 3, 1]),
        node("Cast", ["pixels"], [RESIZED], to=TensorProto.UINT8),
    ]
    levels = {"half": 0.5, "black": 0.0, "white": 255.0}
    graph = helper.make_graph(
        nodes,
        "resize",
        [
            helper.make_tensor_value_info(FRAMES, TensorProto.UINT8, ["batch", "height", "width", 3]),
            helper.make_tensor_value_info(ROWS, TensorProto.FLOAT, ["out_height", "height"]),
            helper.make_tensor_value_info(COLUMNS, TensorProto.FLOAT, ["width", "out_width"]),
        ],
        [helper.make_tensor_value_info(RESIZED, TensorProto.UINT8, ["batch", "out_height", "out_width", 3])],
        [numpy_helper.from_array(np.array(value, np.float32), name) for name, value in levels.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=8)
    return model.SerializeToString()
