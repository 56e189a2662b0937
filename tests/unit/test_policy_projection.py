"""Principal components of the embedding: what they keep, and that the saved network sees whole embeddings."""

from __future__ import annotations

import numpy as np
import torch

from policy_node.learning import TrainConfig
from policy_node.network import PolicyNetwork
from policy_node.projection import principal_components
from policy_node.regression import named_tensors, perceptron
from policy_node.samples import Samples, scales_of


def _embeddings(count: int = 60, dim: int = 12, rank: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randn(count, rank, generator=generator) @ torch.randn(rank, dim, generator=generator) + 5.0


def test_components_have_mean_zero_and_deviation_one() -> None:
    components = principal_components(_embeddings(), 3)(_embeddings())
    assert components.shape == (60, 3)
    assert torch.allclose(components.mean(dim=0), torch.zeros(3), atol=1e-4)
    assert torch.allclose(components.std(dim=0, correction=0), torch.ones(3), atol=1e-3)


def test_directions_without_variance_are_left_out() -> None:
    assert principal_components(_embeddings(rank=3), 8).matrix.shape == (12, 3)


def test_constant_embeddings_give_finite_components() -> None:
    components = principal_components(torch.full((10, 4), 2.0), 8)(torch.full((10, 4), 2.0))
    assert torch.isfinite(components).all()


def test_saved_network_equals_projection_and_trained_network_in_turn() -> None:
    embeddings = _embeddings()
    generator = torch.Generator().manual_seed(0)
    q = torch.randn(60, 7, generator=generator)
    targets = q[:, None, :] + 0.1 * torch.randn(60, 8, 7, generator=generator)
    projection = principal_components(embeddings, 3)
    samples = Samples(projection(embeddings), q, targets, torch.ones(60), 7)
    scales = scales_of(samples)
    network = perceptron(3 + 7, 8 * 7, TrainConfig(), generator)
    inputs = torch.cat([samples.embeddings, q], dim=1)
    with torch.no_grad():
        outputs = network((inputs - scales.input_mean) / scales.input_std)
    expected = (outputs * scales.output_std + scales.output_mean).numpy()
    saved = PolicyNetwork(named_tensors(network.state_dict(), scales, projection))
    whole = np.concatenate([embeddings.numpy(), q.numpy()], axis=1)
    assert saved.input_size == 12 + 7
    np.testing.assert_allclose(saved(whole), expected, rtol=1e-3, atol=1e-4)
