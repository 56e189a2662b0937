"""The VIP objective equals hand-worked numbers and stays finite where a naive form overflows."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from vip_models.objective import log_mean_exp, value, vip_loss  # noqa: E402


def _embeddings(first, goal, now, after):
    return torch.tensor([first, goal, now, after], dtype=torch.float64)


def test_value_is_the_negative_euclidean_distance():
    assert value(torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 0.0]])).item() == pytest.approx(-5.0)


def test_loss_of_two_clips_equals_the_numbers_worked_out_by_hand():
    # One-dimensional embeddings, gamma 0.5, one negative whose permutation swaps the clips.
    # V(first;goal) = -4, -6                 -> attract = 0.5 * (4 + 6) / 2 = 2.5
    # own goal: V(now) = -2, -3; V(after) = -1, -2
    #   exponents  V(now) + 1 - 0.5 V(after) = -0.5, -1
    # other goal (0 and 10): now' = 7, 2 -> V = -7, -8; after' = 8, 1 -> V = -8, -9
    #   exponents                            = -7 + 1 + 4 = -2,  -8 + 1 + 4.5 = -2.5
    # L1 norms: 4+4, 0+10, 2+7, 1+8 -> mean 36/8 = 4.5; the same for L2 in one dimension
    embeddings = _embeddings([[4.0], [4.0]], [[0.0], [10.0]], [[2.0], [7.0]], [[1.0], [8.0]])
    loss, parts = vip_loss(
        embeddings, 0.5, 1, l1_weight=0.1, l2_weight=0.2, permutations=torch.tensor([[1, 0]])
    )
    repel = math.log(1e-8 + (math.exp(-0.5) + math.exp(-1.0)) / 2)
    negative = math.log(1e-8 + (math.exp(-2.0) + math.exp(-2.5)) / 2)
    assert parts["attract"] == pytest.approx(2.5)
    assert parts["repel"] == pytest.approx(repel)
    assert parts["negative"] == pytest.approx(negative)
    assert loss.item() == pytest.approx(2.5 + repel + negative + 0.1 * 4.5 + 0.2 * 4.5)


def test_several_negatives_share_one_logarithm():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(4, 5, 3))
    permutations = np.array([rng.permutation(5) for _ in range(3)])
    _, parts = vip_loss(torch.tensor(z), 0.98, 3, permutations=torch.tensor(permutations))
    exponents = [
        -np.linalg.norm(z[2, p] - z[1], axis=1) + 1 + 0.98 * np.linalg.norm(z[3, p] - z[1], axis=1)
        for p in permutations
    ]
    assert parts["negative"] == pytest.approx(math.log(1e-8 + np.mean(np.exp(exponents))))


def test_a_huge_temporal_difference_gives_a_finite_loss_and_gradient():
    embeddings = torch.zeros(4, 2, 2)
    embeddings[3] = 1000.0  # exp(1380) overflows; its logarithm does not
    embeddings.requires_grad_()
    loss, _ = vip_loss(embeddings, negatives=0)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(embeddings.grad).all()


def test_log_mean_exp_does_not_fall_below_the_logarithm_of_epsilon():
    assert log_mean_exp(torch.tensor([-1e4, -1e4])).item() == pytest.approx(math.log(1e-8), rel=1e-5)


def test_a_goal_equal_to_the_next_frame_has_a_finite_gradient():
    embeddings = torch.randn(4, 3, 4)
    embeddings[3] = embeddings[1]
    embeddings.requires_grad_()
    vip_loss(embeddings)[0].backward()
    assert torch.isfinite(embeddings.grad).all()


def test_the_draw_of_negatives_follows_the_generator():
    z = torch.randn(4, 8, 4)
    draw = [vip_loss(z, generator=torch.Generator().manual_seed(3))[0].item() for _ in range(2)]
    assert draw[0] == draw[1]
