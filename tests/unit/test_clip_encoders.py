"""CLIP and LIV load from their published files and equal other libraries' networks, for images and text.

The networks are small ones of the same make; that the cards build the published shapes is tested apart.
"""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from vip_models.torch_tools import import_torchvision_models  # noqa: E402

import_torchvision_models()
pytest.importorskip("open_clip")
pytest.importorskip("transformers")

from clip_rig import DIM, FRAMES, error, pixels, small_card, small_tensors  # noqa: E402
from support.clip_checkpoint import resnet_image_tower, save_archive, text_tower, vit_image_tower  # noqa: E402
from support.clip_reference import resnet_image_embedding, text_embedding, vit_image_embedding  # noqa: E402

from vip_models import load_card, load_encoder  # noqa: E402
from vip_models.architectures.clip import build_text_tower  # noqa: E402
from vip_models.export import build_network  # noqa: E402
from vip_models.testing import random_tensors, write_random_checkpoint  # noqa: E402
from vip_ros.errors import UserError  # noqa: E402

SENTENCES = ["a photo of a cat", "close the drawer"]


@pytest.fixture(scope="module")
def patch(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIP_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield patch


@pytest.fixture(scope="module")
def cards(tmp_path_factory, patch):
    """The small cards by name."""
    folder = tmp_path_factory.mktemp("cards")
    names = ("clip-rn50", "clip-vit-b32", "liv-resnet50")
    return {name: small_card(name, folder, patch) for name in names}


@pytest.fixture(scope="module")
def resnet():
    return small_tensors("clip-rn50")


@pytest.fixture(scope="module")
def transformer():
    return small_tensors("clip-vit-b32")


@pytest.fixture(scope="module")
def resnet_file(resnet, tmp_path_factory):
    return save_archive(resnet, tmp_path_factory.mktemp("weights") / "RN50.pt")


@pytest.fixture(scope="module")
def encoder(resnet_file, cards):
    return load_encoder(cards["clip-rn50"], resnet_file, runtime="torch", threads=1)


@pytest.mark.parametrize(
    ("name", "image", "text_width"),
    [
        ("clip-rn50", resnet_image_tower(), 512),
        ("liv-resnet50", resnet_image_tower(), 512),
        ("clip-vit-b32", vit_image_tower(32, 768, 12, 512), 512),
        ("clip-vit-b16", vit_image_tower(16, 768, 12, 512), 512),
        ("clip-vit-l14", vit_image_tower(14, 1024, 24, 768), 768),
    ],
)
def test_the_shipped_cards_build_the_published_shapes(name, image, text_width):
    card = load_card(name)
    with torch.device("meta"):
        built = {f"visual.{key}": value for key, value in build_network(card).state_dict().items()}
        built |= build_text_tower(card).state_dict()
        written = random_tensors(card)
    published = {**image, **text_tower(text_width, card.dim)}
    assert {key.removeprefix(card.prefix): tuple(value.shape) for key, value in written.items()} == published
    published.pop("logit_scale")
    assert {key: tuple(value.shape) for key, value in built.items()} == published


def test_the_resnet_in_openais_archive_equals_another_implementation(resnet, encoder):
    image = {name: value for name, value in resnet.items() if name.startswith("visual.")}
    assert error(encoder.encode(FRAMES), resnet_image_embedding(image, pixels("clip-rn50"), blocks=1)) <= 1e-4


def test_the_transformer_in_openais_archive_equals_another_implementation(transformer, cards, tmp_path):
    path = save_archive(transformer, tmp_path / "model.pt")
    found = load_encoder(cards["clip-vit-b32"], path, runtime="torch", threads=1).encode(FRAMES)
    assert error(found, vit_image_embedding(transformer, pixels("clip-vit-b32"))) <= 1e-4


def test_sentences_equal_another_implementation(resnet, encoder):
    from open_clip.tokenizer import SimpleTokenizer

    tokens = SimpleTokenizer()(SENTENCES)
    assert tokens[0, :7].tolist() == [49406, 320, 1125, 539, 320, 2368, 49407]
    text = {name: value for name, value in resnet.items() if not name.startswith("visual.")}
    found = encoder.encode_text(SENTENCES)
    assert found.dtype == np.float32 and found.shape == (2, DIM)
    assert error(found, text_embedding(text, tokens)) <= 1e-4


@pytest.mark.parametrize("name", ["clip-rn50", "clip-vit-b32"])
def test_the_exported_network_equals_torch(name, cards, tmp_path):
    path = save_archive(small_tensors(name, text=False), tmp_path / "model.pt")
    onnx, eager = (
        load_encoder(cards[name], path, runtime=runtime, threads=1).encode(FRAMES)
        for runtime in ("cpu", "torch")
    )
    assert error(onnx, eager) <= 1e-4


def test_liv_in_its_layout_gives_image_and_text_embeddings(resnet, encoder, cards, tmp_path):
    path = tmp_path / "model.pt"
    torch.save({"liv": {f"module.model.{name}": value for name, value in resnet.items()}}, path)
    liv = load_encoder(cards["liv-resnet50"], path, runtime="torch", threads=1)
    assert error(liv.encode(FRAMES), encoder.encode(FRAMES)) <= 1e-6
    assert error(liv.encode_text(SENTENCES), encoder.encode_text(SENTENCES)) <= 1e-6
    assert liv.card.metric == "cosine"


@pytest.mark.parametrize("layout", ["open_clip", "training", "safetensors"])
def test_other_layouts_of_the_same_weights_load(layout, transformer, cards, tmp_path):
    path = tmp_path / "model.pt"
    if layout == "open_clip":
        torch.save(transformer, path)
    elif layout == "training":
        state = {f"module.{key}": value for key, value in transformer.items()}
        torch.save({"epoch": 3, "state_dict": state}, path)
    else:
        from safetensors.torch import save_file

        path = tmp_path / "model.safetensors"
        save_file(transformer, path)
    encoder = load_encoder(cards["clip-vit-b32"], path, runtime="torch", threads=1)
    assert error(encoder.encode(FRAMES), vit_image_embedding(transformer, pixels("clip-vit-b32"))) <= 1e-4
    assert encoder.encode_text(SENTENCES).shape == (2, DIM)


def test_a_file_without_a_text_tower_says_so_when_a_sentence_comes(cards, tmp_path):
    path = save_archive(small_tensors("clip-vit-b32", text=False), tmp_path / "model.pt")
    encoder = load_encoder(cards["clip-vit-b32"], path, runtime="torch", threads=1)
    with pytest.raises(UserError, match="text tower of 'clip-vit-b32' does not fit"):
        encoder.encode_text(SENTENCES)


def test_no_sentences_give_no_embeddings_and_a_bare_string_is_refused(encoder):
    assert encoder.encode_text([]).shape == (0, DIM)
    with pytest.raises(UserError, match="one string"):
        encoder.encode_text("close the drawer")


def test_a_sentence_longer_than_the_network_reads_is_refused(encoder):
    with pytest.raises(UserError, match="a sentence of 102 tokens"):
        encoder.encode_text(["drawer " * 100])


def test_an_encoder_without_text_names_those_that_have_it(tmp_path):
    path = write_random_checkpoint("r3m-resnet18", tmp_path / "model.pt")
    with pytest.raises(UserError, match="does not embed text: use one of .*clip-rn50.*liv-resnet50"):
        load_encoder("r3m-resnet18", path, runtime="torch", threads=1).encode_text(["close the drawer"])


def test_the_pinned_hash_is_the_one_in_openais_address():
    for name in ("clip-rn50", "clip-vit-b32", "clip-vit-b16", "clip-vit-l14"):
        card = load_card(name)
        assert len(card.sha256) == 64 and card.sha256 in card.urls[0]
