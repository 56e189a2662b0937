"""Networks that learn side by side: each from its own samples, saved as one that answers with their mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.policies import toy_dataset

pytest.importorskip("torch", reason="torch (the train extra) is not installed")

import torch

from policy_node.algorithms import ALGORITHMS
from policy_node.committee import Committee, as_one
from policy_node.learning import TrainConfig
from policy_node.network import PolicyNetwork
from policy_node.projection import Projection
from policy_node.regression import named_tensors, perceptron
from policy_node.samples import Scales
from vip_ros.errors import UserError

_INPUTS, _OUTPUTS = 6, 4


def _members(count: int, **options: object) -> list[torch.nn.Sequential]:
    config = TrainConfig(**{"hidden": [16, 8], **options})
    generator = torch.Generator().manual_seed(1)
    return [perceptron(_INPUTS, _OUTPUTS, config, generator) for _ in range(count)]


def _inputs(rows: int = 12) -> torch.Tensor:
    return torch.randn(rows, _INPUTS, generator=torch.Generator().manual_seed(2))


def test_a_committee_that_is_asked_answers_with_the_mean_of_its_members() -> None:
    members = _members(3)
    expected = torch.stack([member(_inputs()) for member in members]).mean(dim=0)
    assert torch.allclose(Committee(members).eval()(_inputs()), expected, atol=1e-6)


def test_a_member_learns_from_its_own_share_of_the_batch_alone() -> None:
    committee = Committee(_members(3)).train()
    committee(_inputs())[4:8].square().sum().backward()
    moved = committee.weights[0].grad.abs().sum(dim=(1, 2))
    assert moved[1] > 0 and moved[0] == 0 and moved[2] == 0


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("hidden", [[16, 8], [16], []])
def test_what_is_saved_is_one_network_of_the_same_answers(
    hidden: list[int], count: int, batch_norm: bool
) -> None:
    committee = Committee(_members(count, batch_norm=batch_norm, hidden=hidden))
    committee.train()(3.0 * _inputs(4 * count) + 1.0)  # moves what the normalisation believes
    identity = Projection(torch.zeros(4), torch.eye(4))
    scales = Scales(torch.zeros(6), torch.ones(6), torch.full((4,), 0.5), torch.full((4,), 2.0))
    saved = PolicyNetwork(named_tensors(as_one(committee.state_dict()), scales, identity))
    with torch.no_grad():
        expected = committee.eval()(_inputs()) * 2.0 + 0.5
    np.testing.assert_allclose(saved(_inputs().numpy()), expected.numpy(), atol=1e-5)


def test_inputs_that_are_not_looked_at_are_left_out_and_the_answers_stay() -> None:
    identity = Projection(torch.zeros(4), torch.diag(torch.tensor([1.0, 0.0, 1.0, 0.0])))
    scales = Scales(torch.zeros(6), torch.ones(6), torch.full((4,), 0.5), torch.full((4,), 2.0))
    tensors = named_tensors(as_one(Committee(_members(3)).state_dict()), scales, identity)
    network, inputs = PolicyNetwork(tensors), _inputs().numpy()
    changed = inputs.copy()
    changed[:, [1, 3]] = 99.0
    np.testing.assert_array_equal(network(changed), network(inputs))
    np.testing.assert_allclose(network(inputs)[0], network(inputs[0]), atol=1e-6)
    changed[:, 2] = 99.0
    assert not np.allclose(network(changed), network(inputs))


@pytest.mark.parametrize("shape", [(3, 8, 15), (2, 8, 16), (8,), (1, 3, 8, 16)])
def test_layers_that_do_not_fit_together_are_refused(shape: tuple[int, ...]) -> None:
    scales = Scales(torch.zeros(6), torch.ones(6), torch.zeros(4), torch.ones(4))
    identity = Projection(torch.zeros(4), torch.eye(4))
    tensors = named_tensors(as_one(Committee(_members(3)).state_dict()), scales, identity)
    with pytest.raises(UserError, match="do not fit together"):
        PolicyNetwork({**tensors, "layers.1.weight": np.zeros(shape, np.float32)})


def test_dropout_rests_when_a_committee_is_asked() -> None:
    committee = Committee(_members(2, dropout=0.5))
    assert torch.equal(committee.eval()(_inputs()), committee(_inputs()))
    assert not torch.equal(committee.train()(_inputs()), committee(_inputs()))


def test_a_trained_policy_holds_its_networks_apart_between_first_and_last_layer() -> None:
    config = TrainConfig(steps=2, check_every=1, hidden=[16, 8], networks=3)
    tensors = ALGORITHMS.get("bc")(toy_dataset(episodes=2), config).tensors
    assert tensors["layers.1.weight"].shape == (3, 8, 16) and tensors["layers.2.weight"].shape[1] == 24
    one = ALGORITHMS.get("bc")(toy_dataset(episodes=2), replace(config, networks=1)).tensors
    assert one["layers.1.weight"].shape == (8, 16)


def test_networks_without_a_hidden_layer_learn_and_are_saved_as_their_mean() -> None:
    config = TrainConfig(steps=2, check_every=1, hidden=[], networks=3)
    dataset = toy_dataset(episodes=2)
    tensors = ALGORITHMS.get("bc")(dataset, config).tensors
    episode = dataset.episodes[0]
    seen = np.concatenate([episode.embeddings, episode.q], axis=1).astype(np.float32)
    assert tensors["layers.0.weight"].shape[1] == seen.shape[1]
    assert PolicyNetwork(tensors)(seen).shape == (len(seen), 3 * 8)


def test_no_network_at_all_is_refused() -> None:
    with pytest.raises(UserError, match="networks is 0"):
        TrainConfig(networks=0)
