"""The shipped encoder is there, is the one of its card, and orders a simulated demonstration."""

from __future__ import annotations

import numpy as np
import pytest

from vip_models import load_card, load_encoder
from vip_models.weights import default_weights, file_sha256
from vip_ros.errors import UserError

torch = pytest.importorskip("torch")

from vip_models.shrink import shrink  # noqa: E402
from vip_models.testing import write_random_checkpoint  # noqa: E402


def test_the_shipped_weights_are_those_of_the_card_and_small():
    card = load_card("vip-sim")
    path = default_weights(card)
    assert path.stat().st_size <= 25e6
    assert file_sha256(path) == card.sha256
    assert {"steps", "videos", "seed", "minutes", "figures"} <= set(card.training)


def test_it_loads_by_name_alone(vip_cache):
    encoder = load_encoder("vip-sim")
    assert encoder.encode(np.zeros((1, 240, 320, 3), np.uint8)).shape == (1, encoder.dim)


def test_distance_to_the_last_frame_falls_along_simulated_demonstrations(vip_cache):
    from franka_node.sim.lockstep import collect
    from vip_reward_node.metrics import voc

    try:
        films = [collect("close_drawer", seed=2_000_000 + i, rate=10.0).frames for i in range(6)]
    except UserError as error:
        pytest.skip(f"no rendering here: {error}")
    encoder = load_encoder("vip-sim")
    curves = [np.linalg.norm(found - found[-1], axis=1) for found in map(encoder.encode, films)]
    assert np.mean([voc(curve) for curve in curves]) > 0.95


def test_a_shrunk_checkpoint_gives_nearly_the_same_embedding(tmp_path, vip_cache):
    card = load_card("vip-resnet18")
    full = write_random_checkpoint(card.name, tmp_path / "full.pt")
    digest = shrink(full, card, tmp_path / "small.safetensors")
    small = tmp_path / "small.safetensors"
    assert digest == file_sha256(small)
    assert small.stat().st_size < 0.55 * full.stat().st_size
    frames = np.random.default_rng(0).integers(0, 255, (2, 224, 224, 3), dtype=np.uint8)
    a, b = (load_encoder(card.name, path, "torch").encode(frames) for path in (full, small))
    assert np.abs(a - b).max() <= 5e-3 * np.abs(a).max()
