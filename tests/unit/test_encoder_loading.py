"""Encoders load by name from plain weights only; what is wrong is said in one line."""

from __future__ import annotations

import os
import pickle
import sys

import numpy as np
import pytest

from vip_models import card_names, load_card, load_encoder
from vip_models.export import onnx_path
from vip_models.weights import file_sha256
from vip_ros.errors import UserError

torch = pytest.importorskip("torch")

from vip_models.testing import write_random_checkpoint  # noqa: E402

FRAMES = np.random.default_rng(0).integers(0, 255, (2, 60, 80, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return write_random_checkpoint("vip-resnet18", tmp_path_factory.mktemp("weights") / "model.pt")


@pytest.fixture(scope="module", autouse=True)
def shared_cache(tmp_path_factory):
    """One cache for this module: exporting once is enough."""
    patch = pytest.MonkeyPatch()
    patch.setenv("VIP_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


@pytest.mark.parametrize("name", ["vip-resnet18", "vip-resnet34", "vip-resnet50"])
def test_every_published_layout_loads(name, tmp_path):
    path = write_random_checkpoint(name, tmp_path / "model.pt")
    keys = torch.load(path, weights_only=True)["vip"]
    assert {"module.convnet.conv1.weight", "module.convnet.fc.bias"} <= set(keys)
    encoder = load_encoder(name, path, runtime="torch")
    assert encoder.encode(FRAMES).shape == (2, 1024)


def test_the_id_is_the_name_and_the_hash_of_the_weights(checkpoint):
    encoder = load_encoder("vip-resnet18", checkpoint)
    assert encoder.id == f"vip-resnet18@{file_sha256(checkpoint)[:12]}"
    assert (encoder.name, encoder.dim, encoder.device) == ("vip-resnet18", 1024, "cpu")


def test_safetensors_in_the_same_layout_give_the_same_embedding(checkpoint, tmp_path):
    path = write_random_checkpoint("vip-resnet18", tmp_path / "model.safetensors")
    embeddings = [load_encoder("vip-resnet18", p, "torch").encode(FRAMES) for p in (path, checkpoint)]
    np.testing.assert_allclose(*embeddings, rtol=1e-6)


def test_an_unknown_encoder_is_answered_with_the_nearest_and_all():
    with pytest.raises(UserError, match=r"unknown encoder 'vip-resnet5'.*did you mean 'vip-resnet50'"):
        load_encoder("vip-resnet5")


def test_an_unknown_runtime_is_answered_with_those_that_exist(checkpoint):
    with pytest.raises(UserError, match=r"unknown runtime 'gpu'.*available: auto, .*torch"):
        load_encoder("vip-resnet18", checkpoint, runtime="gpu")


def test_missing_weights_say_how_to_get_them():
    with pytest.raises(UserError, match="`vip models fetch vip-resnet50` or give a file with --weights FILE"):
        load_encoder("vip-resnet50")
    with pytest.raises(UserError, match="none are published, give a file with --weights FILE"):
        load_encoder("vip-resnet34")
    with pytest.raises(UserError, match="no weights file /nowhere/model.pt"):
        load_encoder("vip-resnet50", "/nowhere/model.pt")


class _Bomb:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (self.marker,)


@pytest.mark.parametrize("writer", ["torch", "pickle"])
def test_a_checkpoint_that_would_run_code_is_refused_and_not_run(tmp_path, writer):
    bomb = {"vip": _Bomb(str(tmp_path / "exploded"))}
    path = tmp_path / "model.pt"
    if writer == "torch":
        torch.save(bomb, path)
    else:
        path.write_bytes(pickle.dumps(bomb, protocol=2))
    with pytest.raises(UserError, match="could run code"):
        load_encoder("vip-resnet18", path)
    assert not (tmp_path / "exploded").exists()


def test_a_cut_off_checkpoint_is_refused(checkpoint, tmp_path):
    path = tmp_path / "model.pt"
    path.write_bytes(checkpoint.read_bytes()[:100_000])
    with pytest.raises(UserError, match="not a readable checkpoint"):
        load_encoder("vip-resnet18", path)


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.parametrize("content", [b"", b"hello, no weights here"])
def test_a_file_of_something_else_is_refused(tmp_path, suffix, content):
    path = tmp_path / f"model{suffix}"
    path.write_bytes(content)
    with pytest.raises(UserError):
        load_encoder("vip-resnet18", path)


def test_weights_of_another_size_are_refused(checkpoint):
    with pytest.raises(UserError, match="encoder 'vip-resnet50'|instead of"):
        load_encoder("vip-resnet50", checkpoint)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"r3m": {}}, "no state dict under 'vip'"),
        ({"vip": {"other.conv1.weight": torch.zeros(1)}}, "no tensors under 'module.convnet.'"),
        ({"vip": {"module.convnet.conv1.weight": torch.full((1,), torch.nan)}}, "infinite or undefined"),
    ],
)
def test_a_checkpoint_of_another_layout_is_refused(tmp_path, content, message):
    torch.save(content, tmp_path / "model.pt")
    with pytest.raises(UserError, match=message):
        load_encoder("vip-resnet18", tmp_path / "model.pt")


def test_without_torch_the_cached_model_runs(checkpoint, monkeypatch):
    expected = load_encoder("vip-resnet18", checkpoint).encode(FRAMES)
    monkeypatch.setitem(sys.modules, "torch", None)
    np.testing.assert_array_equal(load_encoder("vip-resnet18", checkpoint).encode(FRAMES), expected)


def test_without_torch_and_cache_the_mend_is_named(checkpoint, monkeypatch, vip_cache):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UserError, match=r"for the first time needs torch.*VIP_EXTRAS=.*train"):
        load_encoder("vip-resnet18", checkpoint)


def test_a_spoilt_cache_entry_is_made_anew(checkpoint):
    load_encoder("vip-resnet18", checkpoint)
    cached = onnx_path(load_card("vip-resnet18"), file_sha256(checkpoint))
    cached.write_bytes(b"broken")
    assert load_encoder("vip-resnet18", checkpoint).encode(FRAMES).shape == (2, 1024)
    assert [path.name for path in cached.parent.iterdir()] == [cached.name]


def test_every_card_is_readable_and_named_after_its_file():
    assert {"vip-resnet18", "vip-resnet34", "vip-resnet50"} <= set(card_names())
    for name in card_names():
        card = load_card(name)
        assert card.name == name and card.licence and card.about


def test_an_unknown_key_in_a_card_names_the_nearest(tmp_path):
    (tmp_path / "mine.yaml").write_text("architecure: resnet18\n")
    with pytest.raises(UserError, match="did you mean 'architecture'"):
        load_card(str(tmp_path / "mine.yaml"))


def test_cuda_on_a_machine_without_it_is_an_error_not_a_silent_fallback(checkpoint):
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this machine's ONNX Runtime has CUDA")
    with pytest.raises(UserError, match="no usable CUDA device"):
        load_encoder("vip-resnet18", checkpoint, runtime="cuda")
