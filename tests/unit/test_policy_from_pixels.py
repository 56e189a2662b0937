"""A policy that learns to see by itself: what runs without torch equals what was trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.episodes import toy_episode

pytest.importorskip("torch", reason="torch (the train extra) is not installed")

import torch

from policy_node.algorithms import ALGORITHMS
from policy_node.algorithms.scratch import _Seeing
from policy_node.bundle import load_bundle
from policy_node.convolutions import Convolutions
from policy_node.dataset import load_dataset
from policy_node.learning import TrainConfig
from policy_node.network import PolicyNetwork
from policy_node.pixels import HEIGHT, WIDTH, PixelEncoder
from policy_node.policy import Policy
from policy_node.training import train
from vip_ros.errors import UserError

QUICK = TrainConfig(steps=6, check_every=3, hidden=[16], batch_size=4)


def test_convolutions_equal_those_of_torch() -> None:
    network = _Seeing(7, 5, QUICK, torch.Generator().manual_seed(1))
    state = network.state_dict()
    tensors = {name: value.numpy() for name, value in state.items() if name.startswith("convs")}
    tensors["picture_shape"] = np.array([HEIGHT, WIDTH, 3], np.float32)
    seeing = Convolutions(tensors)
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(2, seeing.input_size + 7)).astype(np.float32)
    hidden = np.concatenate([seeing(inputs[:, : seeing.input_size]), inputs[:, seeing.input_size :]], axis=1)
    for index in (0, 2):
        hidden = hidden @ state[f"layers.{index}.weight"].numpy().T + state[f"layers.{index}.bias"].numpy()
        hidden = np.maximum(hidden, 0) if index == 0 else hidden
    with torch.no_grad():
        expected = network(torch.from_numpy(inputs)).numpy()
    np.testing.assert_allclose(hidden, expected, rtol=1e-3, atol=1e-4)


def test_a_policy_from_pixels_is_trained_saved_and_acts(tmp_path: Path, vip_cache: Path) -> None:
    toy_episode(tmp_path / "episodes", rows=24)
    train(tmp_path / "episodes", PixelEncoder(), "scratch", tmp_path / "policy", QUICK)
    bundle = load_bundle(tmp_path / "policy")
    assert bundle.config.encoder == PixelEncoder.id and bundle.config.embedding_dim == HEIGHT * WIDTH * 3
    picture = np.full((1, 24, 32, 3), 128, np.uint8)
    seen = np.zeros(len(bundle.config.observed_joints))
    chunk = Policy(bundle).act(PixelEncoder().encode(picture)[0], seen)
    assert chunk.positions.shape == (QUICK.horizon, 7) and np.isfinite(chunk.positions).all()


def test_pixels_are_the_picture_made_small() -> None:
    picture = np.zeros((1, 240, 320, 3), np.uint8)
    picture[:, :, 160:] = 255
    flat = PixelEncoder().encode(picture).reshape(HEIGHT, WIDTH, 3)
    assert flat.dtype == np.float32
    assert flat[:, : WIDTH // 2].max() == 0.0 and flat[:, WIDTH // 2 :].min() == 1.0


def test_a_frozen_encoder_is_refused_and_so_are_options_without_meaning(
    tmp_path: Path, vip_cache: Path
) -> None:
    dataset = load_dataset([toy_episode(tmp_path, rows=24)], PixelEncoder(), 0.1, 3)
    with pytest.raises(UserError, match="--encoder pixels"):
        ALGORITHMS.get("scratch")(replace(dataset, encoder="vip-sim@1"), QUICK, None)
    with pytest.raises(UserError, match="batch_norm"):
        ALGORITHMS.get("scratch")(dataset, replace(QUICK, batch_norm=True), None)


def test_weights_that_do_not_fit_are_refused() -> None:
    tensors = {
        "picture_shape": np.array([8, 8, 3], np.float32),
        "convs.0.weight": np.zeros((4, 3, 3, 3), np.float32),
        "convs.0.bias": np.zeros(4, np.float32),
        "layers.0.weight": np.zeros((2, 4 * 4 * 4 + 7), np.float32),
        "layers.0.bias": np.zeros(2, np.float32),
        "input_mean": np.zeros(8 * 8 * 3 + 7, np.float32),
        "input_std": np.ones(8 * 8 * 3 + 7, np.float32),
        "output_mean": np.zeros(2, np.float32),
        "output_std": np.ones(2, np.float32),
    }
    assert PolicyNetwork(tensors)(np.zeros(8 * 8 * 3 + 7, np.float32)).shape == (2,)
    for wrong in (
        {"convs.0.weight": np.zeros((4, 2, 3, 3), np.float32)},
        {"layers.0.weight": np.zeros((2, 71), np.float32)}
        | {"picture_shape": np.array([16, 8, 3], np.float32)},
    ):
        with pytest.raises(UserError, match="do not fit"):
            PolicyNetwork({**tensors, **wrong})
