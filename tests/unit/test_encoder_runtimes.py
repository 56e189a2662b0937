"""Every runtime gives the same embeddings, says where it runs, and is refused in one line where it cannot."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

pytest.importorskip("torch")

from PIL import Image

from vip_models import load_card, load_encoder, resampling
from vip_models.card import EncoderCard
from vip_models.encoder import Encoder
from vip_models.export import cached_onnx
from vip_models.preprocessing import crop_box, preprocess, preprocess_batch
from vip_models.resize_graph import resize_graph
from vip_models.runtimes import RUNTIMES
from vip_models.runtimes.onnx_device import DeviceNetwork
from vip_models.runtimes.openvino_runtime import openvino_core
from vip_models.testing import write_random_checkpoint
from vip_models.weights import file_sha256
from vip_ros.errors import UserError

CARD = load_card("vip-resnet18")
CPU = "CPUExecutionProvider"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIP_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield write_random_checkpoint("vip-resnet18", tmp_path_factory.mktemp("weights") / "model.pt")


@pytest.fixture(scope="module")
def reference(checkpoint):
    return load_encoder("vip-resnet18", checkpoint, runtime="cpu")


def frames(count, height=90, width=120, seed=0):
    """Smooth pictures with some noise, uint8 [count,height,width,3]."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 255, (count, 6, 8, 3), np.uint8)
    big = [
        np.asarray(Image.fromarray(one).resize((width, height), Image.Resampling.BICUBIC)) for one in small
    ]
    return (np.stack(big) + rng.normal(0, 6, (count, height, width, 3))).clip(0, 255).astype(np.uint8)


def device_network(checkpoint, card=CARD):
    path = cached_onnx(CARD, checkpoint, file_sha256(checkpoint))
    return DeviceNetwork(path, card, "cuda", [CPU], "cpu")


@pytest.mark.parametrize("runtime", ["openvino", "torch"])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_runtimes_agree(checkpoint, reference, runtime, batch_size):
    if runtime == "openvino":
        pytest.importorskip("openvino")
    pictures = frames(4)
    expected = reference.encode(pictures)
    encoder = load_encoder("vip-resnet18", checkpoint, runtime=runtime)
    assert (encoder.runtime, encoder.device) == (runtime, "cpu")
    assert np.abs(encoder.encode(pictures, batch_size) - expected).max() <= 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize(("runtime", "capability"), [("openvino-bf16", "BF16"), ("openvino-f16", "FP16")])
def test_16_bits_are_used_only_where_the_processor_has_them(checkpoint, reference, runtime, capability):
    pytest.importorskip("openvino")
    if capability not in openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        with pytest.raises(UserError, match="does not compute in"):
            load_encoder("vip-resnet18", checkpoint, runtime=runtime)
        return
    pictures = frames(2)
    expected = reference.encode(pictures)
    difference = np.abs(load_encoder("vip-resnet18", checkpoint, runtime=runtime).encode(pictures) - expected)
    assert 1e-6 * np.abs(expected).max() < difference.max() < 0.05 * np.abs(expected).max()


DROPPED_BY_ANOTHER_THREAD = """
import signal, sys, threading
from vip_models import load_encoder

encoders = [load_encoder("vip-resnet18", sys.argv[1], runtime="openvino")]
dropper = threading.Thread(target=encoders.clear)
dropper.start()
dropper.join()
signal.signal(signal.SIGTERM, lambda *_: print("heard", flush=True))
signal.raise_signal(signal.SIGTERM)
"""


def test_signals_are_heard_after_another_thread_dropped_the_encoder(checkpoint):
    pytest.importorskip("openvino")
    command = [sys.executable, "-c", DROPPED_BY_ANOTHER_THREAD, str(checkpoint)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout) == (0, "heard\n"), done.stderr


def test_threads_may_share_an_encoder(checkpoint, reference):
    pytest.importorskip("openvino")
    encoder = load_encoder("vip-resnet18", checkpoint, runtime="openvino")
    pictures = frames(8)
    expected = reference.encode(pictures)
    got = [np.zeros(0)] * 8

    def work(index):
        for _ in range(3):
            got[index] = encoder.encode(pictures[index : index + 1])[0]

    threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert np.abs(np.stack(got) - expected).max() <= 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize("runtime", ["cuda", "tensorrt-f16"])
def test_a_device_that_is_not_there_is_refused(checkpoint, runtime):
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime knows CUDA")
    with pytest.raises(UserError, match="no usable (CUDA|TensorRT) device"):
        load_encoder("vip-resnet18", checkpoint, runtime=runtime)


def test_a_session_that_fell_back_to_the_cpu_is_refused(checkpoint, monkeypatch):
    """ONNX Runtime built for CUDA lists the provider, opens the session on the CPU and says nothing."""
    module = __import__("vip_models.runtimes.onnx_device", fromlist=["CUDA"])
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [module.CUDA, CPU])
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: None, raising=False)
    opened = module.open_session
    monkeypatch.setattr(module, "open_session", lambda path, threads, providers: opened(path, threads, [CPU]))
    with pytest.raises(UserError, match="no usable CUDA device"):
        load_encoder("vip-resnet18", checkpoint, runtime="cuda")
    assert load_encoder("vip-resnet18", checkpoint, runtime="auto").runtime == "cpu"


def test_unknown_runtime_names_the_known_ones(checkpoint):
    with pytest.raises(UserError, match="openvino-bf16"):
        load_encoder("vip-resnet18", checkpoint, runtime="openvino-bf61")
    assert {"auto", "cpu", "cuda", "tensorrt", "openvino", "torch"} <= set(RUNTIMES.names())


@pytest.mark.parametrize("interpolation", resampling.FILTERS)
@pytest.mark.parametrize("size", [(48, 64), (480, 640), (641, 479), (300, 300), (37, 111), (2, 2), (1, 1)])
def test_resizing_as_a_graph_equals_pil(vip_cache, interpolation, size):
    card = EncoderCard(name="x", interpolation=interpolation)
    picture = frames(1, *size)[0]
    left, top, right, bottom = crop_box(*size, card)
    rows = resampling.matrix(size[0], 224, top, bottom, interpolation)
    columns = resampling.matrix(size[1], 224, left, right, interpolation)
    session = onnxruntime.InferenceSession(str(resize_graph()), providers=[CPU])
    inputs = {"frames": picture[None], "rows": rows, "columns": np.ascontiguousarray(columns.T)}
    got = session.run(None, inputs)[0][0]
    difference = np.abs(got.astype(int) - preprocess(picture, card))
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-2  # ties, which float32 rounds to either side


def test_two_processes_may_write_the_graph_at_once(vip_cache, monkeypatch):
    replace = Path.replace

    def late(path, target):
        monkeypatch.setattr(Path, "replace", replace)
        with monkeypatch.context() as other_process:
            other_process.setattr("os.getpid", lambda: 1)
            resize_graph()
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", late)
    path = resize_graph()
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("interpolation", resampling.FILTERS)
def test_weights_reach_no_farther_than_told(interpolation):
    for size, out, start, stop in [(480, 224, 30.0, 450.0), (64, 224, 4.0, 60.0), (640, 224, 110.0, 530.0)]:
        first, last = resampling.reach(size, out, start, stop, interpolation)
        weights = resampling.matrix(size, out, start, stop, interpolation)
        assert not weights[:, :first].any() and not weights[:, last:].any()
        np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-5)


def test_device_path_equals_the_host_path(checkpoint, reference):
    """The path of a CUDA device, with its buffers and bindings, run in the CPU's memory."""
    network = device_network(checkpoint)
    encoder = Encoder(CARD, file_sha256(checkpoint), network)
    assert network.providers == [CPU] and network.resizes
    for shape in [(1, 90, 120), (3, 90, 120), (1, 480, 640), (2, 224, 224), (2, 37, 111), (1, 90, 120)]:
        pictures = frames(*shape)
        expected = reference.encode(pictures)
        # A grey level here and there may be rounded to the other side.
        assert np.abs(encoder.encode(pictures, 3) - expected).max() <= 2e-3 * np.abs(expected).max()


def test_device_path_resizes_a_frame_of_the_networks_size_where_the_card_does(checkpoint):
    card = dataclasses.replace(CARD, passes_exact=False)
    network, frame = device_network(checkpoint, card), frames(1, 224, 224)
    found, expected = network.run(frame), network.run(preprocess_batch(frame, card))
    resized = Encoder(CARD, "0" * 64, device_network(checkpoint)).embed(preprocess_batch(frame, card))
    assert np.abs(found - resized).max() <= 2e-3 * np.abs(resized).max()
    assert np.abs(expected - resized).max() > 2e-3 * np.abs(resized).max()  # resized twice


def test_device_path_takes_views_and_refuses_what_is_no_frame(checkpoint, reference):
    encoder = Encoder(CARD, "0" * 64, device_network(checkpoint))
    pictures = frames(2)
    turned = pictures[:, ::-1, ::-1]
    expected = reference.encode(turned)
    assert np.abs(encoder.encode(turned) - expected).max() <= 2e-3 * np.abs(expected).max()
    for bad in (pictures.astype(np.float32), pictures[..., :2], pictures[:, :0]):
        with pytest.raises(UserError):
            encoder.encode(bad)
    assert encoder.encode(pictures[:0]).shape == (0, 1024)


def test_what_the_device_cannot_resize_is_resized_on_the_host(checkpoint):
    card = EncoderCard(**{**vars(CARD), "interpolation": "tensorflow-bicubic"})
    network = device_network(checkpoint, card)
    assert not network.resizes
    pictures = frames(2)
    got = Encoder(card, "0" * 64, network).encode(pictures)
    np.testing.assert_allclose(got, network.run(preprocess_batch(pictures, card)), atol=1e-5)
