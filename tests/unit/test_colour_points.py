"""Colour points: they follow a coloured thing evenly, stand still for the rest, and end the embedding."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from vip_models import load_card
from vip_models.architectures.colour_points import NUMBERS, POINTS, colour_points, place_count, without_points
from vip_models.export import build_network, load_network, with_normalisation
from vip_models.shrink import shrink
from vip_models.testing import write_random_checkpoint

_CARD = dataclasses.replace(load_card("vip-sim"), architecture="resnet10-w32-grid-points", dim=32, crop=64)
_GREEN = POINTS // 2 + 1


def _points(frames: np.ndarray) -> np.ndarray:
    network = with_normalisation(colour_points(_CARD), _CARD)
    with torch.no_grad():
        return network(torch.from_numpy(frames)).numpy()


def _green_square(column: int, row: int) -> np.ndarray:
    frame = np.full((64, 64, 3), 128, np.uint8)
    frame[row : row + 6, column : column + 6] = (20, 200, 20)
    return frame


def test_the_greenest_point_moves_evenly_with_a_green_thing() -> None:
    across = _points(np.stack([_green_square(column, 20) for column in (8, 18, 28, 38, 48)]))
    steps = np.diff(across[:, _GREEN])
    assert (steps > 0).all() and np.ptp(steps) < 0.05 * steps.mean()
    assert np.ptp(across[:, POINTS + _GREEN]) < 0.01 * steps.sum()


def test_rows_are_told_apart_from_columns() -> None:
    down = _points(np.stack([_green_square(20, row) for row in (8, 28, 48)]))
    assert (np.diff(down[:, POINTS + _GREEN]) > 0).all()
    assert np.ptp(down[:, _GREEN]) < 0.01 * np.ptp(down[:, POINTS + _GREEN])


def test_brightness_of_the_room_moves_nothing() -> None:
    frame = _green_square(40, 12)
    bright, dim = _points(np.stack([frame, (frame * 0.6).astype(np.uint8)]))
    np.testing.assert_allclose(bright, dim, atol=0.1)


def test_an_empty_picture_has_its_points_in_the_middle() -> None:
    np.testing.assert_allclose(
        _points(np.full((1, 64, 64, 3), 90, np.uint8)), np.zeros((1, NUMBERS)), atol=1e-3
    )


@pytest.mark.parametrize("count", [1, 3])
def test_points_are_the_end_of_the_embedding(count: int) -> None:
    frames = np.random.default_rng(count).integers(0, 255, (count, 64, 64, 3), dtype=np.uint8)
    with torch.no_grad():
        embedding = with_normalisation(build_network(_CARD), _CARD)(torch.from_numpy(frames)).numpy()
    assert embedding.shape == (count, 32)
    np.testing.assert_allclose(embedding[:, -NUMBERS:], _points(frames), rtol=1e-4, atol=1e-4)


def test_tensors_keep_the_names_of_the_network_without_points() -> None:
    plain = dataclasses.replace(_CARD, architecture="resnet10-w32-grid", dim=32 - NUMBERS)
    with_points, without = (set(build_network(card).state_dict()) for card in (_CARD, plain))
    assert without <= with_points
    assert {name.split(".")[0] for name in with_points - without} == {"points"}


def test_points_are_put_beside_weights_that_were_trained_without(tmp_path: Path) -> None:
    card = load_card("vip-sim")
    plain = without_points(card)
    assert (plain.architecture, plain.dim) == ("resnet10-w48-grid", card.dim - NUMBERS)
    assert (place_count(card), place_count(plain)) == (NUMBERS, 0)
    (tmp_path / "plain.yaml").write_text(
        yaml.safe_dump({name: getattr(plain, name) for name in ("architecture", "dim", "resize", "crop")}),
        "utf-8",
    )
    trained = write_random_checkpoint(str(tmp_path / "plain.yaml"), tmp_path / "trained.pt")
    shrink(trained, card, tmp_path / "small.safetensors")
    frames = np.random.default_rng(0).integers(0, 255, (2, 112, 112, 3), dtype=np.uint8)
    with torch.no_grad():
        whole = load_network(card, tmp_path / "small.safetensors")(torch.from_numpy(frames))
        before = load_network(load_card(str(tmp_path / "plain.yaml")), trained)(torch.from_numpy(frames))
    np.testing.assert_allclose(whole[:, : plain.dim], before, atol=5e-3 * float(before.abs().max()))
