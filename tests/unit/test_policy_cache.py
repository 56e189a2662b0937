"""A cache that cannot be written costs time, never a training; no card gets the embeddings of another."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.episodes import toy_episode
from support.policies import toy_dataset

from policy_node.dataset import load_dataset
from policy_node.embeddings import embed_episode
from vip_models.card import EncoderCard
from vip_teleop.episode_reader import EpisodeReader


class MeanColour:
    id = "mean@000000000001"

    def __init__(self, **changes: Any) -> None:
        self.frames, self.card = 0, EncoderCard(name="mean", **changes)

    def encode(self, frames: np.ndarray, batch_size: int = 8) -> np.ndarray:
        self.frames += len(frames)
        return frames.mean(axis=(1, 2)).astype(np.float32)


def _no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").touch()


def _no_folder_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").mkdir()
    for name in ("embeddings", "training"):
        (tmp_path / "cache" / name).touch()


def _full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)


CASES = [_no_folder, _no_folder_inside, _full]


@pytest.mark.parametrize("case", CASES)
def test_embeddings_that_cannot_be_kept_are_used_all_the_same(
    tmp_path: Path, vip_cache: Path, monkeypatch: pytest.MonkeyPatch, case
) -> None:
    paths = [toy_episode(tmp_path / "episodes", seed=seed) for seed in range(2)]
    expected = load_dataset(paths, MeanColour(), 0.1, 3)
    monkeypatch.setenv("VIP_CACHE", str(tmp_path / "bad" / "cache"))
    (tmp_path / "bad").mkdir()
    case(tmp_path / "bad", monkeypatch)
    with pytest.warns(RuntimeWarning, match="cache cannot be written.*encoded anew") as caught:
        found = load_dataset(paths, MeanColour(), 0.1, 3)
    assert len({str(warning.message) for warning in caught}) == 1
    assert all("\n" not in str(warning.message) for warning in caught)
    for one, other in zip(expected.episodes, found.episodes, strict=True):
        assert np.array_equal(one.embeddings, other.embeddings)
    left = [path.name for path in (tmp_path / "bad").rglob("*") if path.is_file() and path.stat().st_size]
    assert left == []


@pytest.mark.parametrize("case", CASES)
def test_a_training_whose_state_cannot_be_kept_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case
) -> None:
    pytest.importorskip("torch", reason="torch (the train extra) is not installed")
    from policy_node import training_state
    from policy_node.algorithms import ALGORITHMS
    from policy_node.learning import TrainConfig

    monkeypatch.setattr(training_state, "EVERY", 0.0)
    monkeypatch.setenv("VIP_CACHE", str(tmp_path / "good"))
    config = TrainConfig(steps=20, check_every=10, hidden=[8])
    expected = ALGORITHMS.get("bc")(toy_dataset(episodes=2), config, None).tensors
    monkeypatch.setenv("VIP_CACHE", str(tmp_path / "cache"))
    case(tmp_path, monkeypatch)
    with pytest.warns(RuntimeWarning, match="cache cannot be written.*begin anew"):
        found = ALGORITHMS.get("bc")(toy_dataset(episodes=2), config, None).tensors
    assert all(np.array_equal(expected[name], found[name]) for name in expected)


@pytest.mark.parametrize(
    "changes",
    [
        {"resize": 300},
        {"crop": 200},
        {"mean": (0.0, 0.0, 0.0)},
        {"std": (1.0, 1.0, 1.0)},
        {"output": "layer4"},
        {"interpolation": "bicubic"},
        {"window": 4},
        {"passes_exact": True},
    ],
)
def test_embeddings_of_another_card_for_the_same_weights_are_not_taken(
    tmp_path: Path, vip_cache: Path, changes: dict[str, Any]
) -> None:
    reader = EpisodeReader(toy_episode(tmp_path))
    embed_episode(reader, MeanColour())
    other = MeanColour(**changes)
    embed_episode(reader, other)
    assert other.frames == 12


def test_what_a_card_says_for_people_and_an_encoder_without_one_change_nothing(
    tmp_path: Path, vip_cache: Path
) -> None:
    reader = EpisodeReader(toy_episode(tmp_path))
    embed_episode(reader, MeanColour())
    told = MeanColour(about="the mean of each channel", metric="cosine")
    embed_episode(reader, told)
    assert told.frames == 0
    bare = MeanColour()
    del bare.card
    embed_episode(reader, bare)
    embed_episode(reader, bare)
    assert bare.frames == 12


def test_the_weights_name_still_tells_encoders_apart(tmp_path: Path, vip_cache: Path) -> None:
    reader = EpisodeReader(toy_episode(tmp_path))
    embed_episode(reader, MeanColour())
    other = MeanColour()
    other.id, other.card = "mean@000000000002", replace(other.card)
    embed_episode(reader, other)
    assert other.frames == 12
