"""Vision transformers load the authors' files and give the embeddings of an independent implementation."""

from __future__ import annotations

import dataclasses

import pytest

from vip_models import load_card, load_encoder

torch = pytest.importorskip("torch")

from vip_models.torch_tools import import_torchvision_models  # noqa: E402

import_torchvision_models()  # the next two import torchvision
pytest.importorskip("timm")
pytest.importorskip("transformers")

from support.vit_cards import normalised, random_frames, relative_error, small_card, write_card  # noqa: E402
from support.vit_checkpoint import PUBLISHED, official_shapes, official_state, tiny, write_checkpoint  # noqa: E402
from support.vit_reference import reference  # noqa: E402

from vip_models.architectures.vit import SHAPES  # noqa: E402
from vip_models.converters.dino import convert_state  # noqa: E402
from vip_models.export import build_network, input_shape  # noqa: E402
from vip_models.testing import random_tensors, write_random_checkpoint  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIP_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def check_parity(name, published, folder, runtime):
    """Compare the embeddings of a transformer with a card's traits with those of the reference."""
    state = official_state(published)
    card = small_card(name, published)
    weights = write_checkpoint(published, state, folder / "model.pth")
    encoder = load_encoder(write_card(card, folder), weights, runtime, threads=1)
    frames = random_frames(card.window if card.window > 1 else 2, card)
    expected = reference(published, state, normalised(frames, card), card.output)
    found = encoder.encode(frames)
    found = found[-1:] if card.window > 1 else found
    assert found.shape == expected.shape == (len(expected), published.width)
    assert relative_error(found, expected) < 1e-4


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_embeddings_equal_an_independent_implementation(name, tmp_path):
    check_parity(name, tiny(PUBLISHED[name]), tmp_path, "cpu")


LARGEST = ["mae-vit-l16", "ijepa-vit-h14", "ijepa-vit-g16-in22k", "dinov2-vit-g14-reg", "vjepa-vit-h16"]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", LARGEST)
def test_the_largest_networks_are_equal_at_full_width_and_resolution(name, tmp_path):
    # Two blocks of them: their depth, all blocks alike, would only take time and memory.
    check_parity(name, dataclasses.replace(PUBLISHED[name], depth=2), tmp_path, "torch")


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_the_published_names_and_shapes_fit_in_full_size(name):
    card = load_card(name)
    with torch.device("meta"):
        wanted = build_network(card).state_dict()
        state = {key: torch.empty(shape) for key, shape in official_shapes(PUBLISHED[name]).items()}
        state = {key: value for key, value in state.items() if not key.startswith(card.drop or ("-",))}
        state = convert_state(state, card.crop) if card.convert == "dino" else state
    assert {key: value.shape for key, value in state.items()} == {k: v.shape for k, v in wanted.items()}
    assert SHAPES[card.architecture].heads == PUBLISHED[name].heads
    assert input_shape(card)[0] == (16 if PUBLISHED[name].tubelets else card.crop)


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_random_weights_have_the_published_names_and_shapes(name):
    card = load_card(name)
    with torch.device("meta"):
        found = random_tensors(card)
    expected = official_shapes(PUBLISHED[name])
    assert {key.removeprefix(card.prefix): tuple(value.shape) for key, value in found.items()} == expected


def test_random_weights_of_gated_layers_and_registers_load(tmp_path):
    published = tiny(PUBLISHED["dinov2-vit-g14-reg"])
    card = write_card(small_card("dinov2-vit-g14-reg", published), tmp_path)
    path = write_random_checkpoint(card, tmp_path / "model.pth")
    assert load_encoder(card, path, "torch").encode(random_frames(1, load_card(card))).any()


FULL_SIZES = ["dino-vit-s16", "dinov2-vit-s14", "dinov2-vit-s14-reg", "mae-vit-b16", "moco-v3-vit-s16"]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", FULL_SIZES)
def test_full_size_networks_equal_an_independent_implementation(name, tmp_path):
    published, card = PUBLISHED[name], load_card(name)
    state = official_state(published)
    path = write_checkpoint(published, state, tmp_path / "model.pth")
    frames = random_frames(2, card)
    if name == "dinov2-vit-s14":
        # The reference resamples positions in its own way: give it those of the crop.
        state["pos_embed"] = convert_state(state, card.crop)["pos_embed"]
        published = dataclasses.replace(published, grid=card.crop // published.patch)
    expected = reference(published, state, normalised(frames, card), card.output)
    # That the exported network is the same is seen on one of them; exporting takes longest.
    encoder = load_encoder(name, path, "cpu" if name == FULL_SIZES[0] else "torch", threads=1)
    assert relative_error(encoder.embed(frames), expected) < 1e-4
