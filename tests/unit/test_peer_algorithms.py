"""d3rlpy on the same arrays: what is saved answers as that library does; its absence is told in one line."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from support.policies import toy_dataset

pytest.importorskip("torch", reason="torch (the train extra) is not installed")

from policy_node.algorithms import ALGORITHMS, d3rlpy_peer
from policy_node.learning import TrainConfig
from policy_node.network import PolicyNetwork
from vip_ros.errors import UserError

HERE = importlib.util.find_spec("d3rlpy") is not None


@pytest.mark.skipif(not HERE, reason="d3rlpy (the peers extra) is not installed")
@pytest.mark.parametrize("algorithm", ["d3rlpy-bc", "d3rlpy-iql"])
def test_a_peer_learns_on_the_same_arrays(algorithm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(d3rlpy_peer, "_STEPS", 200)
    monkeypatch.setattr(d3rlpy_peer, "_EPOCH", 100)
    dataset = toy_dataset()
    learned = ALGORITHMS.get(algorithm)(dataset, TrainConfig(), None)
    network = PolicyNetwork(learned.tensors)
    assert network.input_size == dataset.episodes[0].embeddings.shape[1] + 7
    assert np.isfinite(learned.figures["error"]) and learned.figures["steps"] == 200


@pytest.mark.skipif(HERE, reason="d3rlpy is installed")
def test_a_missing_peer_is_told_in_one_line() -> None:
    with pytest.raises(UserError, match="d3rlpy is not installed"):
        ALGORITHMS.get("d3rlpy-bc")(toy_dataset(), TrainConfig(), None)


def test_an_answer_is_squashed_where_the_weights_say_so() -> None:
    tensors = {
        "input_mean": np.zeros(1, np.float32),
        "input_std": np.ones(1, np.float32),
        "layers.0.weight": np.full((1, 1), 5.0, np.float32),
        "layers.0.bias": np.zeros(1, np.float32),
        "output_mean": np.ones(1, np.float32),
        "output_std": np.full(1, 2.0, np.float32),
        "squash": np.ones(1, np.float32),
    }
    assert PolicyNetwork(tensors)(np.ones(1, np.float32)) == pytest.approx(1 + 2 * np.tanh(5.0))
