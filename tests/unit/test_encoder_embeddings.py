"""Embeddings equal the official way of making them: same preprocessing, same network, any batch."""

from __future__ import annotations

import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from vip_models import load_card, load_encoder, preprocessing
from vip_models.preprocessing import preprocess
from vip_ros.errors import UserError

torch = pytest.importorskip("torch")

from vip_models.testing import write_random_checkpoint  # noqa: E402
from vip_models.torch_tools import import_torchvision_models  # noqa: E402

CARD = load_card("vip-resnet50")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return write_random_checkpoint("vip-resnet18", tmp_path_factory.mktemp("weights") / "model.pt")


@pytest.fixture(scope="module")
def encoder(checkpoint, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIP_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield load_encoder("vip-resnet18", checkpoint, threads=2)


def _photo(height, width, seed=0):
    """A frame with edges, gradients and noise, uint8 [height,width,3]."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    waves = np.stack([np.sin(x / 7.0), np.cos(y / 5.0), np.sin((x + y) / 11.0)], axis=-1)
    frame = 127 + 90 * waves + rng.normal(0, 12, (height, width, 3))
    frame[height // 3 : height // 2, width // 4 : width // 2] = (250, 20, 90)
    return frame.clip(0, 255).astype(np.uint8)


def _official(frame):
    import_torchvision_models()
    from torchvision import transforms

    steps = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224)])
    return np.asarray(steps(Image.fromarray(frame)))


@pytest.mark.parametrize(
    "size", [(480, 640), (240, 320), (720, 1280), (641, 479), (255, 257), (300, 300), (37, 111), (2, 2)]
)
def test_preprocessing_equals_the_official_transform(size):
    frame = _photo(*size)
    difference = np.abs(preprocess(frame, CARD).astype(int) - _official(frame))
    assert difference.max() <= 1  # the last place of PIL's fixed-point arithmetic


def test_a_frame_of_the_networks_size_passes_unchanged():
    frame = _photo(224, 224)
    np.testing.assert_array_equal(preprocess(frame, CARD), frame)


def test_onnx_runtime_equals_the_official_network_in_torch(encoder, checkpoint):
    frames = np.stack([_photo(240, 320, seed) for seed in range(3)])
    network = import_torchvision_models().resnet18(num_classes=1024).eval()
    state = torch.load(checkpoint, weights_only=True)["vip"]
    network.load_state_dict({key.removeprefix("module.convnet."): value for key, value in state.items()})
    pixels = torch.from_numpy(np.stack([_official(frame) for frame in frames])).permute(0, 3, 1, 2) / 255.0
    mean, std = torch.tensor(CARD.mean).view(3, 1, 1), torch.tensor(CARD.std).view(3, 1, 1)
    with torch.no_grad():
        expected = network((pixels - mean) / std).numpy()
    # Preprocessing may differ by one grey level here and there; the network itself must not.
    assert np.abs(encoder.encode(frames) - expected).max() <= 2e-3 * np.abs(expected).max()
    same = np.stack([_official(frame) for frame in frames])
    assert np.abs(encoder.encode(same) - expected).max() <= 1e-4 * np.abs(expected).max()


def test_torch_and_onnx_runtime_agree(encoder, checkpoint):
    frames = np.stack([_photo(100, 140, seed) for seed in range(2)])
    reference = load_encoder("vip-resnet18", checkpoint, runtime="torch").encode(frames)
    assert np.abs(encoder.encode(frames) - reference).max() <= 1e-4 * np.abs(reference).max()


def test_the_batch_size_does_not_change_an_embedding(encoder):
    frames = np.stack([_photo(120, 160, seed) for seed in range(5)])
    one, many = encoder.encode(frames, batch_size=1), encoder.encode(frames, batch_size=3)
    assert one.dtype == np.float32 and one.shape == (5, 1024)
    assert np.abs(one - many).max() <= 1e-5 * np.abs(one).max()


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (500, 3), (17, 16)])
def test_odd_shapes_give_finite_embeddings(encoder, size):
    assert np.isfinite(encoder.encode(_photo(*size)[None])).all()


def test_a_grey_picture_expanded_to_three_channels_is_accepted(encoder):
    grey = np.repeat(_photo(90, 120)[..., :1], 3, axis=2)
    assert np.isfinite(encoder.encode(grey[None])).all()


def test_a_view_that_is_not_contiguous_is_accepted(encoder):
    frames = np.stack([_photo(90, 120)])
    turned = frames[:, :, ::-1]
    np.testing.assert_array_equal(encoder.encode(turned), encoder.encode(turned.copy()))


def test_no_frames_give_no_embeddings(encoder):
    assert encoder.encode(np.zeros((0, 10, 10, 3), np.uint8)).shape == (0, 1024)


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (np.zeros((1, 0, 0, 3), np.uint8), "without pixels"),
        (np.zeros((1, 8, 8, 3), np.float32), "type float32"),
        (np.zeros((1, 8, 8, 4), np.uint8), "shape"),
        (np.zeros((8, 8, 3), np.uint8), "shape"),
        (np.zeros((1, 8, 8), np.uint8), "shape"),
    ],
)
def test_what_is_no_rgb_frame_is_refused(encoder, frames, message):
    with pytest.raises(UserError, match=message):
        encoder.encode(frames)


@pytest.mark.parametrize("size", [(480, 640), (641, 479), (37, 111), (2, 2)])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_a_second_thread_changes_no_number(size, interpolation):
    card = dataclasses.replace(CARD, interpolation=interpolation)
    frame = _photo(*size)
    np.testing.assert_array_equal(preprocess(frame, card, beside=True), preprocess(frame, card, beside=False))


def test_a_helper_that_is_busy_is_not_waited_for(monkeypatch):
    frame, gate = _photo(100, 140), threading.Event()
    with ThreadPoolExecutor(1) as helper:
        monkeypatch.setattr(preprocessing, "_CORES", 2)
        monkeypatch.setattr(preprocessing, "_helper", lambda: helper)
        blocking = helper.submit(gate.wait, 60.0)
        found = preprocess(frame, CARD, beside=True)
        assert blocking.running()
        gate.set()
    np.testing.assert_array_equal(found, preprocess(frame, CARD, beside=False))


def test_many_threads_may_preprocess_at_once():
    frames = [_photo(100, 140, seed) for seed in range(8)]
    expected = [preprocess(frame, CARD, beside=False) for frame in frames]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            np.testing.assert_array_equal(list(pool.map(lambda f: preprocess(f, CARD), frames)), expected)
