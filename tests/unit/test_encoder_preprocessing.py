"""Every way of resampling equals that of the encoder's authors, for any size of frame."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from PIL import Image

from vip_models import card_names, load_card
from vip_models.preprocessing import preprocess
from vip_models.tensorflow_crop import central_crop
from vip_ros.errors import UserError

torch = pytest.importorskip("torch")

from vip_models.torch_tools import import_torchvision_models  # noqa: E402

import_torchvision_models()
from torchvision import transforms  # noqa: E402

SIZES = [(480, 640), (240, 320), (641, 479), (255, 257), (300, 300), (37, 111), (2, 2), (1, 300)]
# VIP passes a frame of its own size as it is, which has a test of its own.
NATIVE = (224, 224)


def _photo(height, width):
    y, x = np.mgrid[0:height, 0:width]
    waves = np.stack([np.sin(x / 7.0), np.cos(y / 5.0), np.sin((x + y) / 11.0)], axis=-1)
    frame = 127 + 90 * waves + np.random.default_rng(0).normal(0, 12, (height, width, 3))
    return frame.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        *((name, size) for name in ("vip-resnet50", "clip-rn50", "dino-vit-s16") for size in SIZES),
        *((name, NATIVE) for name in ("r3m-resnet50", "clip-rn50", "dino-vit-s16")),
    ],
)
def test_crop_only_resampling_equals_torchvisions_resize_and_crop(name, size):
    card = load_card(name)
    frame = _photo(*size)
    official = transforms.Compose(
        [
            transforms.Resize(card.resize, transforms.InterpolationMode(card.interpolation)),
            transforms.CenterCrop(card.crop),
        ]
    )
    difference = preprocess(frame, card).astype(int) - np.asarray(official(Image.fromarray(frame)))
    assert np.abs(difference).max() <= 1  # the last place of PIL's fixed-point arithmetic


@pytest.mark.parametrize("name", [name for name in card_names() if load_card(name).window == 1])
def test_a_frame_of_the_networks_size_is_resized_by_all_but_vip(name):
    # VIP's module leaves such a frame alone (facebookresearch/vip, models/model_vip.py); the other authors
    # resize and crop whatever comes, which changes nothing only where both sizes are the same.
    card = load_card(name)
    frame = _photo(card.crop, card.crop)
    unchanged = np.array_equal(preprocess(frame, card), frame)
    assert unchanged == (name.startswith("vip") or card.resize == card.crop)
    assert card.passes_exact == (name in ("vip-resnet18", "vip-resnet34", "vip-resnet50"))


@pytest.mark.parametrize("size", SIZES)
def test_liv_is_resized_without_antialiasing_as_its_authors_resize_tensors(size):
    card = load_card("liv-resnet50")
    frame = _photo(*size)
    official = transforms.Compose([transforms.Resize(224, antialias=False), transforms.CenterCrop(224)])
    pixels = official(torch.from_numpy(frame).permute(2, 0, 1) / 255.0) * 255.0
    difference = preprocess(frame, card) - pixels.permute(1, 2, 0).numpy()
    assert np.abs(difference).max() <= 1.01


# (frame size, seed) -> values at five pixels and the mean, by TensorFlow 2.21: central crop of 0.875, then
# tf.image.resize(method="bicubic") to 224.
_PIXELS = ((0, 0, 0), (0, 223, 1), (100, 57, 2), (223, 0, 0), (150, 150, 1))
_TENSORFLOW = {
    ((480, 640), 0): ([177.291, 88.2564, 148.926, 108.917, 251.732], 127.371117),
    ((37, 111), 1): ([112.632, 183.159, 196.442, 0.0, 135.0], 129.459137),
    ((300, 300), 2): ([131.805, 42.7845, 213.123, 224.616, 92.3608], 127.62136),
}


@pytest.mark.parametrize(("frame", "expected"), _TENSORFLOW.items())
def test_simclr_is_cropped_and_resampled_as_tensorflow_does(frame, expected):
    size, seed = frame
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    found = preprocess(pixels, load_card("simclr-resnet50"))
    assert found.shape == (224, 224, 3)
    for place, value in zip(_PIXELS, expected[0], strict=True):
        assert abs(found[place] - value) <= 0.51  # rounded to whole grey levels
    assert abs(found.mean() - expected[1]) <= 0.02


@pytest.mark.parametrize("size", SIZES)
def test_tensorflows_crop_takes_frames_of_any_size(size):
    flat = np.full((*size, 3), 77, np.uint8)
    assert (central_crop(flat, 0.875, 224) == 77).all()


@pytest.mark.parametrize("name", card_names())
def test_a_frame_turned_or_reversed_in_memory_gives_the_same_input(name):
    card = load_card(name)
    frame = _photo(90, 120)[::-1, ::-1]
    np.testing.assert_array_equal(preprocess(frame, card), preprocess(frame.copy(), card))


def test_what_a_card_cannot_mean_is_refused():
    card = load_card("vip-resnet50")
    for change, message in (
        ({"interpolation": "cubic"}, "unknown interpolation 'cubic'.*did you mean 'bicubic'"),
        ({"metric": "l1"}, "unknown metric 'l1'.*cosine, l2"),
        ({"window": 0}, "make window at least 1"),
        ({"crop": 300}, "make crop at most resize"),
        ({"dim": 0}, "make dim at least 1"),
        ({"mean": (0.5, 0.5)}, "a mean of another length.*give one per RGB channel"),
        ({"std": (0.2, 0.0, 0.2)}, "divides by a std of 0.*make each above 0"),
    ):
        with pytest.raises(UserError, match=message):
            dataclasses.replace(card, **change)
