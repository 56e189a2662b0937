"""Dropout draws from the run's own generator: the same seed gives the same policy, cut short or not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.policies import toy_dataset

pytest.importorskip("torch", reason="torch (the train extra) is not installed")

import torch

from policy_node import training_state
from policy_node.algorithms import ALGORITHMS
from policy_node.dropout import SeededDropout
from policy_node.learning import TrainConfig
from policy_node.pixels import HEIGHT, WIDTH, PixelEncoder

QUICK = TrainConfig(steps=40, check_every=10, hidden=[16, 16], dropout=0.3)


def _pictures(dataset):
    rng = np.random.default_rng(0)
    episodes = [
        replace(episode, embeddings=rng.random((len(episode.times), HEIGHT * WIDTH * 3)).astype(np.float32))
        for episode in dataset.episodes
    ]
    return replace(dataset, encoder=PixelEncoder.id, episodes=episodes)


def _learn(algorithm: str, told=None):
    dataset = toy_dataset(episodes=2)
    if algorithm == "scratch":
        dataset = _pictures(dataset)
    return ALGORITHMS.get(algorithm)(dataset, replace(QUICK, batch_size=8), told)


def _same(one, other) -> bool:
    return all(np.array_equal(one.tensors[name], other.tensors[name]) for name in one.tensors)


@pytest.mark.parametrize("algorithm", ["bc", "scratch"])
def test_what_ran_before_does_not_change_a_training(vip_cache: Path, algorithm: str) -> None:
    torch.manual_seed(1)
    first = _learn(algorithm)
    torch.manual_seed(2)
    assert _same(first, _learn(algorithm))


@pytest.mark.parametrize("algorithm", ["bc", "scratch"])
def test_a_training_with_dropout_goes_on_where_it_was(
    vip_cache: Path, monkeypatch: pytest.MonkeyPatch, algorithm: str
) -> None:
    monkeypatch.setattr(training_state, "EVERY", 0.0)
    whole = _learn(algorithm)

    def interrupt(what: str, done: int, total: int) -> None:
        if done == 20:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        _learn(algorithm, interrupt)
    resumed = _learn(algorithm)
    assert resumed.figures["resumed_at"] == 20
    assert _same(whole, resumed)


def test_a_share_is_left_out_and_the_mean_stays() -> None:
    dropout = SeededDropout(0.25, torch.Generator().manual_seed(3))
    units = torch.ones(400, 100)
    left = dropout(units)
    assert float((left == 0).float().mean()) == pytest.approx(0.25, abs=0.01)
    assert float(left.mean()) == pytest.approx(1.0, abs=0.01)
    assert not torch.equal(left, dropout(units))
    assert dropout.eval()(units) is units
