"""A model whose tensors lie in files of their own becomes two files that belong together."""

from __future__ import annotations

import sys

import numpy as np
import onnxruntime
import pytest

from vip_models.onnx_files import move_model
from vip_ros.errors import UserError

onnx = pytest.importorskip("onnx")
A, B = (np.random.default_rng(seed).normal(size=(5, 5)).astype(np.float32) for seed in (0, 1))


@pytest.fixture
def model(tmp_path):
    """Return a model x → x·A·B with each matrix in a file of its own."""
    tensors = [onnx.numpy_helper.from_array(value, name) for name, value in (("a", A), ("b", B))]
    values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", 5]) for name in "xy"]
    nodes = [
        onnx.helper.make_node("MatMul", ["x", "a"], ["h"]),
        onnx.helper.make_node("MatMul", ["h", "b"], ["y"]),
    ]
    graph = onnx.helper.make_graph(nodes, "g", values[:1], values[1:], tensors)
    proto = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    path = tmp_path / "parts" / "model.onnx"
    path.parent.mkdir()
    onnx.save_model(proto, path, save_as_external_data=True, all_tensors_to_one_file=False, size_threshold=0)
    assert len(list(path.parent.iterdir())) == 3
    return path


def test_the_parts_become_one_file_beside_the_model(model, tmp_path):
    target = tmp_path / "net.onnx"
    move_model(model, target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.onnx", "net.onnx.data", "parts"]
    x = np.ones((2, 5), np.float32)
    found = onnxruntime.InferenceSession(str(target)).run(None, {"x": x})[0]
    np.testing.assert_allclose(found, x @ A @ B, rtol=1e-5)


def test_a_model_in_one_piece_is_moved_as_it_is(model, tmp_path):
    whole = onnx.load(model)
    alone = tmp_path / "alone" / "model.onnx"
    alone.parent.mkdir()
    onnx.save(whole, alone)
    content = alone.read_bytes()
    move_model(alone, tmp_path / "net.onnx")
    assert (tmp_path / "net.onnx").read_bytes() == content
    assert not (tmp_path / "net.onnx.data").exists()


def test_without_the_onnx_package_the_mend_is_named(model, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(UserError, match=r"more than 2 GB needs onnx.*VIP_EXTRAS=.*train"):
        move_model(model, tmp_path / "net.onnx")
    assert not (tmp_path / "net.onnx").exists()
