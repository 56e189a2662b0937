"""What is known to go wrong with the published transformers: it is right here, or refused."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
from PIL import Image

from vip_models import load_card, load_encoder
from vip_models.export import onnx_path
from vip_models.preprocessing import preprocess
from vip_ros.errors import UserError

torch = pytest.importorskip("torch")

from vip_models.torch_tools import import_torchvision_models  # noqa: E402

import_torchvision_models()  # timm imports torchvision
pytest.importorskip("timm")

from support.vit_cards import random_frames, relative_error, small_card, write_card  # noqa: E402
from support.vit_checkpoint import PUBLISHED, official_state, tiny, write_checkpoint  # noqa: E402

from vip_models.architectures.vit import SHAPES, build_vit  # noqa: E402
from vip_models.converters.dino import fit_positions  # noqa: E402
from vip_models.weights import read_state  # noqa: E402


@pytest.fixture
def load(tmp_path, vip_cache):
    """Return a function that loads a small encoder of a shipped card, its weights in the authors' layout."""

    def load_small(name, state=None, published=None, **changes):
        published = published or tiny(PUBLISHED[name])
        state = state or official_state(published)
        path = write_checkpoint(published, state, tmp_path / "model.pth")
        return load_encoder(write_card(small_card(name, published, **changes), tmp_path), path, "torch")

    return load_small


def test_moco_v3_small_has_twelve_heads_though_six_would_load(load):
    encoder = load("moco-v3-vit-s16")
    card = encoder.card
    shape = dataclasses.replace(SHAPES["vit-s16"], width=card.dim, depth=2)
    assert shape.heads == 6
    wrong = build_vit(shape, card).eval()
    published = tiny(PUBLISHED["moco-v3-vit-s16"])
    wrong.load_state_dict(official_state(published))  # fits without a word
    frames = random_frames(2, card)
    mean, std = torch.tensor(card.mean).view(3, 1, 1), torch.tensor(card.std).view(3, 1, 1)
    with torch.no_grad():
        pixels = torch.from_numpy(frames).permute(0, 3, 1, 2) / 255.0
        assert relative_error(wrong((pixels - mean) / std), encoder.encode(frames)) > 1e-2


@pytest.mark.parametrize("name", ["ijepa-vit-h14", "vjepa-vit-l16"])
def test_an_encoder_without_a_class_token_cannot_give_one(name, load):
    with pytest.raises(UserError, match="no class token.*output: patch-mean"):
        load(name, output="cls")


def test_ijepa_takes_its_native_resolution_only(load):
    published = tiny(PUBLISHED["ijepa-vit-h14"])
    with pytest.raises(UserError, match="'pos_embed' of shape"):
        load("ijepa-vit-h14", crop=published.crop + published.patch)


@pytest.mark.parametrize("name", ["ijepa-vit-h14", "vjepa-vit-l16"])
def test_the_target_encoder_is_taken_and_nothing_else(name, load, tmp_path):
    published = tiny(PUBLISHED[name])
    load(name)
    state = read_state(tmp_path / "model.pth", load_card(name))
    expected = official_state(published)
    assert set(state) == set(expected)
    torch.testing.assert_close(state["norm.weight"], expected["norm.weight"], rtol=0, atol=0)


@pytest.mark.parametrize("name", ["mae-vit-b16", "moco-v3-vit-b16"])
def test_decoder_projector_and_momentum_encoder_are_left_out(name, load, tmp_path):
    load(name)
    assert set(read_state(tmp_path / "model.pth", load_card(name))) == set(
        official_state(tiny(PUBLISHED[name]))
    )


def test_mae_sees_every_patch_and_is_the_same_every_time(load):
    encoder = load("mae-vit-b16")
    frame = random_frames(1, encoder.card)
    before = encoder.encode(frame)
    np.testing.assert_array_equal(before, encoder.encode(frame))
    patch, per_side = 16, encoder.card.crop // 16
    for row in range(per_side):
        for column in range(per_side):
            changed = frame.copy()
            changed[:, row * patch : (row + 1) * patch, column * patch : (column + 1) * patch] ^= 255
            assert np.abs(encoder.encode(changed) - before).max() > 1e-4


def test_dinov2_positions_of_518_pixels_are_fitted_to_the_crop(load):
    published = tiny(PUBLISHED["dinov2-vit-s14"], grid=37)
    assert (
        load("dinov2-vit-s14", published=published, crop=224).encode(np.zeros((1, 30, 40, 3), np.uint8)).any()
    )
    with pytest.raises(UserError, match="'pos_embed' of shape"):
        load("dinov2-vit-s14", published=published, crop=224, convert="torch")


@pytest.mark.parametrize("name", ["dino-vit-s16", "dinov2-vit-s14", "dinov2-vit-s14-reg"])
def test_a_crop_that_is_no_whole_number_of_patches_is_refused(name, load):
    with pytest.raises(UserError, match="no whole number of patches.*multiple of"):
        load(name, crop=230)


def _cubic(x: np.ndarray) -> np.ndarray:
    """The cubic convolution kernel with a = -0.75."""
    x, a = np.abs(x), -0.75
    near = (a + 2) * x**3 - (a + 3) * x**2 + 1
    far = a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


def _weights(known: int, wanted: int, scale: float) -> np.ndarray:
    """Return [wanted, known]: what each known position gives to each wanted one, edges repeated."""
    matrix = np.zeros((wanted, known))
    for row in range(wanted):
        centre = (row + 0.5) / scale - 0.5
        for tap in range(int(np.floor(centre)) - 1, int(np.floor(centre)) + 3):
            matrix[row, min(max(tap, 0), known - 1)] += _cubic(np.array(centre - tap))
    return matrix


@pytest.mark.parametrize(("known", "wanted"), [(37, 16), (14, 28), (5, 4)])
def test_without_registers_positions_are_scaled_with_the_historical_offset(known, wanted):
    rng = np.random.default_rng(0)
    positions = rng.normal(size=(1, 1 + known**2, 3)).astype(np.float32)
    fitted = fit_positions(torch.from_numpy(positions), wanted, antialias=False).numpy()
    grid = positions[0, 1:].reshape(known, known, 3)
    rows = _weights(known, wanted, (wanted + 0.1) / known)
    expected = np.einsum("ik,jl,klc->ijc", rows, rows, grid).reshape(-1, 3)
    np.testing.assert_allclose(fitted[0, 1:], expected, atol=1e-4)
    np.testing.assert_array_equal(fitted[:, :1], positions[:, :1])
    plain = _weights(known, wanted, wanted / known)
    assert np.abs(np.einsum("ik,jl,klc->ijc", plain, plain, grid).reshape(-1, 3) - expected).max() > 1e-2


def test_with_registers_positions_are_resampled_with_antialiasing_and_without_offset():
    positions = np.random.default_rng(0).normal(size=(1, 1 + 37**2, 1)).astype(np.float32)
    fitted = fit_positions(torch.from_numpy(positions), 16, antialias=True).numpy()
    picture = Image.fromarray(positions[0, 1:, 0].reshape(37, 37), "F")
    expected = np.asarray(picture.resize((16, 16), Image.Resampling.BICUBIC))
    np.testing.assert_allclose(fitted[0, 1:, 0].reshape(16, 16), expected, atol=1e-4)


def test_a_still_picture_is_a_clip_that_stands_still(load):
    encoder = load("vjepa-vit-l16")
    frame = random_frames(1, encoder.card)
    one, many = encoder.encode(frame), encoder.encode(np.repeat(frame, 16, axis=0))
    np.testing.assert_allclose(many, np.repeat(one, 16, axis=0), rtol=1e-4, atol=1e-5)


def test_the_order_of_a_clip_counts(load):
    encoder = load("vjepa-vit-l16")
    frames = random_frames(16, encoder.card)
    assert relative_error(encoder.encode(frames[::-1])[-1], encoder.encode(frames)[-1]) > 1e-3


def test_a_window_that_tubelets_do_not_fill_is_refused(load):
    with pytest.raises(UserError, match="window of 15.*use a multiple of 2"):
        load("vjepa-vit-l16", window=15)
    with pytest.raises(UserError, match="window of 16.*use window: 1"):
        load("dino-vit-s16", window=16)


def test_another_pooling_is_another_network_and_another_embedding(load):
    cls, mean = (load("mae-vit-b16", output=output) for output in ("cls", "patch-mean"))
    frames = random_frames(1, cls.card)
    assert relative_error(mean.encode(frames), cls.encode(frames)) > 1e-2
    assert onnx_path(cls.card, "0" * 64) != onnx_path(mean.card, "0" * 64)
    with pytest.raises(UserError, match="unknown output 'pooler'.*available: cls, patch-mean"):
        load("mae-vit-b16", output="pooler")


def test_a_dimension_that_the_network_does_not_have_is_refused(load):
    with pytest.raises(UserError, match="gives 96 dimensions, not 97.*use dim: 96"):
        load("mae-vit-b16", dim=97)


def test_the_teacher_of_a_full_dino_checkpoint_loads_with_a_card_of_its_own(load, tmp_path):
    published = tiny(PUBLISHED["dino-vit-s16"])
    state = official_state(published)
    teacher = {f"backbone.{name}": tensor for name, tensor in state.items()}
    teacher["head.last_layer.weight_g"] = torch.ones(4, 1)
    torch.save({"student": {}, "teacher": teacher, "epoch": 99}, tmp_path / "full.pth")
    card = small_card("dino-vit-s16", published, state_path="teacher", prefix="backbone.", drop=("head.",))
    frames = random_frames(1, card)
    full = load_encoder(write_card(card, tmp_path), tmp_path / "full.pth", "torch").encode(frames)
    np.testing.assert_array_equal(full, load("dino-vit-s16").encode(frames))


def test_figures_and_command_lines_beside_the_tensors_do_no_harm(load, tmp_path):
    import argparse

    published = tiny(PUBLISHED["mae-vit-b16"])
    content = {
        "model": official_state(published),
        "args": argparse.Namespace(lr=1e-3, betas=[0.9, 0.95]),
        "loss": np.float64(0.4),
        "epoch": np.int64(799),
    }
    torch.save(content, tmp_path / "model.pth")
    card = small_card("mae-vit-b16", published)
    assert set(read_state(tmp_path / "model.pth", card)) == set(content["model"])


def test_a_checkpoint_without_positions_is_refused(load, tmp_path):
    published = tiny(PUBLISHED["dino-vit-s16"])
    state = official_state(published)
    del state["pos_embed"]
    with pytest.raises(UserError, match="lack 'pos_embed'"):
        load("dino-vit-s16", state=state)


@pytest.mark.parametrize("size", [(480, 640), (360, 270), (240, 320)])
def test_vjepa_resizes_as_its_video_evaluation_does(size):
    card = load_card("vjepa-vit-l16")
    frame = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    height, width = size
    short = int(card.crop * 256 / 224)
    shape = (int(short * width / height), short) if width >= height else (short, int(short * height / width))
    resized = cv2.resize(frame, shape, interpolation=cv2.INTER_LINEAR)
    top, left = (round((side - card.crop) / 2) for side in resized.shape[:2])
    expected = resized[top : top + card.crop, left : left + card.crop]
    np.testing.assert_array_equal(preprocess(frame, card), expected)


@pytest.mark.parametrize(
    "name", ["dino-vit-b8", "dinov2-vit-b14", "mae-vit-b16", "moco-v3-vit-b16", "ijepa-vit-h16-448"]
)
def test_single_pictures_are_resized_as_their_authors_do(name):
    card = load_card(name)
    frame = np.random.default_rng(0).integers(0, 256, (300, 500, 3), np.uint8)
    from torchvision import transforms

    mode = transforms.InterpolationMode.BICUBIC
    if name.startswith(("moco", "ijepa")):
        mode = transforms.InterpolationMode.BILINEAR
    steps = transforms.Compose(
        [transforms.Resize(card.crop * 256 // 224, mode), transforms.CenterCrop(card.crop)]
    )
    expected = np.asarray(steps(Image.fromarray(frame))).astype(int)
    assert np.abs(preprocess(frame, card) - expected).max() <= 1
