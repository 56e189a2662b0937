"""Encoders that are residual networks load from their published files and equal another library's network."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from vip_models.torch_tools import import_torchvision_models  # noqa: E402

import_torchvision_models()
timm = pytest.importorskip("timm")

from support.cards import changed_card  # noqa: E402
from support.resnet_checkpoint import DEPTHS, backbone, linear, published, write_published  # noqa: E402

from vip_models import load_card, load_encoder  # noqa: E402

FRAMES = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)


def reference(name, frames=FRAMES):
    """Return timm's embedding of the same weights: ImageNet normalisation, evaluation mode."""
    depth = DEPTHS[name]
    network = timm.create_model(f"resnet{depth}", num_classes=1024 if name.startswith("vip") else 0).eval()
    head = linear("fc", 1024, network.num_features) if name.startswith("vip") else {}
    network.load_state_dict({**backbone(depth), **head})
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    pixels = ((torch.from_numpy(frames) / 255.0 - mean) / std).permute(0, 3, 1, 2)
    with torch.no_grad():
        return network(pixels).numpy()


def error(found, expected):
    return np.abs(found - expected).max() / np.abs(expected).max()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    return lambda name: write_published(name, folder / f"{name}.pth.tar")


@pytest.fixture
def small(tmp_path):
    """Shipped cards for small frames, so that the networks are soon done."""
    return lambda name: changed_card(name, tmp_path, crop=64, resize=64)


@pytest.mark.parametrize("name", sorted(DEPTHS))
def test_the_published_file_gives_the_embedding_of_another_implementation(name, files, small):
    encoder = load_encoder(small(name), files(name), runtime="torch", threads=1)
    expected = reference(name)
    assert expected.shape == (2, load_card(name).dim)
    assert np.abs(expected[0] - expected[1]).max() > 1e-2 * np.abs(expected).max()
    assert error(encoder.encode(FRAMES), expected) <= 1e-4


@pytest.mark.parametrize("name", ["r3m-resnet18", "moco-v2-resnet50"])
def test_the_exported_network_gives_the_same_embedding(name, files, small, vip_cache):
    assert (
        error(
            load_encoder(small(name), files(name), runtime="cpu", threads=1).encode(FRAMES), reference(name)
        )
        <= 1e-4
    )


def test_weights_saved_before_batch_norm_counted_its_batches_load(small, tmp_path):
    old = {key: value for key, value in published("supervised-resnet50").items() if "num_batches" not in key}
    torch.save(old, tmp_path / "resnet50.pth")
    encoder = load_encoder(
        small("supervised-resnet50"), tmp_path / "resnet50.pth", runtime="torch", threads=1
    )
    assert error(encoder.encode(FRAMES), reference("supervised-resnet50")) <= 1e-4
