"""DINO's residual network is published without a classifier: its embedding is the average pool."""

from __future__ import annotations

import numpy as np
import pytest

from vip_models import load_card, load_encoder
from vip_ros.errors import UserError

torch = pytest.importorskip("torch")

from vip_models.testing import write_random_checkpoint  # noqa: E402
from vip_models.torch_tools import import_torchvision_models  # noqa: E402

FRAMES = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), np.uint8)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Return a flat file of the tensors' own names, without fc, as the authors publish it."""
    return write_random_checkpoint("dino-resnet50", tmp_path_factory.mktemp("weights") / "model.pth")


def test_the_embedding_is_the_average_pool_of_the_same_network_in_torchvision(checkpoint, vip_cache):
    state = torch.load(checkpoint, weights_only=True)
    assert "conv1.weight" in state and not any(name.startswith("fc.") for name in state)
    network = import_torchvision_models().resnet50().eval()
    network.fc = torch.nn.Identity()
    network.load_state_dict(state)
    card = load_card("dino-resnet50")
    mean, std = torch.tensor(card.mean).view(3, 1, 1), torch.tensor(card.std).view(3, 1, 1)
    with torch.no_grad():
        expected = network((torch.from_numpy(FRAMES).permute(0, 3, 1, 2) / 255.0 - mean) / std).numpy()
    found = load_encoder("dino-resnet50", checkpoint, "torch").embed(FRAMES)
    assert found.shape == (2, 2048)
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()


def test_a_file_with_a_classifier_is_another_encoders(checkpoint, tmp_path):
    state = torch.load(checkpoint, weights_only=True)
    state |= {"fc.weight": torch.zeros(1000, 2048), "fc.bias": torch.zeros(1000)}
    torch.save(state, tmp_path / "supervised.pth")
    with pytest.raises(UserError, match="unexpected weights 'fc.bias'"):
        load_encoder("dino-resnet50", tmp_path / "supervised.pth", "torch")
