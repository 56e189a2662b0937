"""A training that is cut short goes on where it was, and leaves nothing that looks like a policy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.policies import toy_dataset

pytest.importorskip("torch", reason="torch (the train extra) is not installed")

from policy_node import training_state
from policy_node.algorithms import ALGORITHMS
from policy_node.learning import TrainConfig
from policy_node.network import PolicyNetwork

QUICK = TrainConfig(steps=400, check_every=100, hidden=[16, 16])


def _states(cache: Path) -> list[Path]:
    return list((cache / "training").glob("*")) if (cache / "training").is_dir() else []


class _CutShort(Exception):
    pass


@pytest.fixture
def always_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_state, "EVERY", 0.0)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_an_interrupted_training_ends_as_an_undisturbed_one(
    vip_cache: Path, always_kept: None, batch_norm: bool
) -> None:
    dataset, config = toy_dataset(), replace(QUICK, batch_norm=batch_norm)
    whole = ALGORITHMS.get("bc")(dataset, config, None)

    def interrupt(what: str, done: int, total: int) -> None:
        if done == 200:
            raise _CutShort

    with pytest.raises(_CutShort):
        ALGORITHMS.get("bc")(dataset, config, interrupt)
    assert len(_states(vip_cache)) == 1
    resumed = ALGORITHMS.get("bc")(dataset, config, None)
    assert resumed.figures["resumed_at"] == 200
    assert all(np.array_equal(whole.tensors[name], resumed.tensors[name]) for name in whole.tensors)
    assert _states(vip_cache) == []


def test_another_training_does_not_take_the_state_up(vip_cache: Path, always_kept: None) -> None:
    dataset = toy_dataset()

    def interrupt(what: str, done: int, total: int) -> None:
        raise _CutShort

    with pytest.raises(_CutShort):
        ALGORITHMS.get("bc")(dataset, QUICK, interrupt)
    (state,) = _states(vip_cache)
    assert "resumed_at" not in ALGORITHMS.get("bc")(dataset, replace(QUICK, seed=1), None).figures
    state.write_bytes(b"cut short")
    assert "resumed_at" not in ALGORITHMS.get("bc")(dataset, QUICK, None).figures


def test_batch_normalisation_is_folded_into_what_is_saved(vip_cache: Path) -> None:
    dataset = toy_dataset(episodes=10)
    config = replace(QUICK, steps=800, batch_norm=True)
    tensors = ALGORITHMS.get("bc")(dataset, config, None).tensors
    episode = dataset.episodes[0]
    seen = np.concatenate([episode.embeddings, episode.q], axis=1).astype(np.float32)
    answers = PolicyNetwork(tensors)(seen).reshape(len(seen), 3, 8)
    wanted = episode.targets - episode.q[:, None]
    assert np.abs(answers[:, :, :7] - wanted).mean() < 0.02
    assert {name for name in tensors if name.startswith("layers.")} == {
        f"layers.{k}.{kind}" for k in range(3) for kind in ("weight", "bias")
    }
