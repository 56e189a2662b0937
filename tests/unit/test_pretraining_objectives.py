"""Every objective equals numbers worked out apart from it, and stays finite where a naive form overflows."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from vip_models.pretraining.config import PretrainConfig  # noqa: E402
from vip_models.pretraining.objectives import OBJECTIVES, SHORTEST  # noqa: E402
from vip_models.pretraining.objectives.vip import log_mean_exp, value, vip_loss  # noqa: E402
from vip_ros.errors import UserError  # noqa: E402

NONE = torch.zeros((0, 2), dtype=torch.long)


def _settings(discount=0.98, l1=1e-3, l2=1e-3):
    return SimpleNamespace(discount=discount, l1_weight=l1, l2_weight=l2)


def _published(embeddings, permutations, discount, l1, l2):
    """Compute the published trainer's loss in numpy, float64, from its formula: plain mean, exp and log."""
    z = embeddings.astype(np.float64)  # [4,B,D]: start, goal, k, k+1

    def similarity(a, b):
        return -np.sqrt(((a - b) ** 2).sum(-1))

    def term(now, after, goal):
        reward = -1.0
        return np.exp(-(reward + discount * similarity(after, goal) - similarity(now, goal)))

    start, goal, now, after = z
    loss = (1 - discount) * -similarity(start, goal).mean()
    loss += np.log(1e-8 + term(now, after, goal).mean())
    if len(permutations):
        shuffled = [term(now[order], after[order], goal) for order in permutations]
        loss += np.log(1e-8 + np.concatenate(shuffled).mean())
    flat = z.reshape(-1, z.shape[-1])
    return loss + l2 * np.sqrt((flat**2).sum(-1)).mean() + l1 * np.abs(flat).sum(-1).mean()


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
    embeddings = torch.tensor(
        [[[4.0], [4.0]], [[0.0], [10.0]], [[2.0], [7.0]], [[1.0], [8.0]]], dtype=torch.float64
    )
    loss, parts = vip_loss(embeddings, torch.tensor([[1, 0]]), _settings(0.5, 0.1, 0.2))
    repel = math.log(1e-8 + (math.exp(-0.5) + math.exp(-1.0)) / 2)
    negative = math.log(1e-8 + (math.exp(-2.0) + math.exp(-2.5)) / 2)
    assert parts["attract"].item() == pytest.approx(2.5)
    assert parts["repel"].item() == pytest.approx(repel)
    assert parts["negative"].item() == pytest.approx(negative)
    assert loss.item() == pytest.approx(2.5 + repel + negative + 0.1 * 4.5 + 0.2 * 4.5)


@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
@pytest.mark.parametrize("negatives", [0, 3])
def test_vip_equals_the_published_loss_on_the_same_embeddings(scale, negatives):
    rng = np.random.default_rng(7)
    for batch, dim in ((32, 1024), (5, 2)):
        embeddings = (scale * rng.normal(size=(4, batch, dim))).astype(np.float32)
        orders = np.array([rng.permutation(batch) for _ in range(negatives)]).reshape(negatives, batch)
        loss, _ = vip_loss(torch.tensor(embeddings), torch.tensor(orders), PretrainConfig())
        expected = _published(embeddings, orders, 0.98, 1e-3, 1e-3)
        assert loss.item() == pytest.approx(expected, abs=1e-5 * max(1.0, abs(expected)))


def test_the_gradient_is_that_of_the_published_loss():
    rng = np.random.default_rng(3)
    z, orders = rng.normal(size=(4, 4, 3)), np.array([rng.permutation(4)])
    tensor = torch.tensor(z, requires_grad=True)
    vip_loss(tensor, torch.tensor(orders), _settings())[0].backward()
    for index in np.ndindex(*z.shape):
        up, down = z.copy(), z.copy()
        up[index] += 1e-5
        down[index] -= 1e-5
        slope = _published(up, orders, 0.98, 1e-3, 1e-3) - _published(down, orders, 0.98, 1e-3, 1e-3)
        assert tensor.grad[index].item() == pytest.approx(slope / 2e-5, abs=1e-7)


def test_a_huge_temporal_difference_gives_a_finite_loss_and_gradient():
    embeddings = torch.zeros(4, 2, 2)
    embeddings[3] = 1000.0  # exp(1380) overflows; its logarithm does not
    embeddings.requires_grad_()
    loss, _ = vip_loss(embeddings, NONE, _settings())
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(embeddings.grad).all()


def test_log_mean_exp_does_not_fall_below_the_logarithm_of_epsilon():
    assert log_mean_exp(torch.tensor([-1e4, -1e4])).item() == pytest.approx(math.log(1e-8), rel=1e-5)


@pytest.mark.parametrize("name", OBJECTIVES.names())
def test_equal_frames_have_a_finite_gradient(name):
    objective = OBJECTIVES.get(name)
    embeddings = torch.ones(objective.frames, 3, 4, requires_grad=True)
    orders = torch.tensor([[1, 2, 0]] * objective.permutations(2)).reshape(-1, 3)
    objective.loss(embeddings, orders, _settings())[0].backward()
    assert torch.isfinite(embeddings.grad).all()


def test_without_negatives_nothing_is_compared_with_other_clips():
    assert OBJECTIVES.get("vip-no-negatives").permutations(3) == 0
    _, parts = vip_loss(torch.randn(4, 2, 3), NONE, _settings())
    assert "negative" not in parts


def test_the_least_squares_variant_squares_the_error_and_has_no_attraction():
    z = torch.tensor([[[9.0]], [[0.0]], [[3.0]], [[2.0]]])
    # r + gamma V(after) - V(now) = -1 - 1 + 3 = 1 with gamma 0.5
    loss, parts = OBJECTIVES.get("vip-lstd").loss(z, NONE, _settings(0.5, 0.0, 0.0))
    assert loss.item() == pytest.approx(1.0)
    assert "attract" not in parts


def test_the_time_contrastive_loss_equals_the_published_form():
    rng = np.random.default_rng(2)
    z = rng.normal(size=(3, 6, 4))
    orders = np.array([rng.permutation(6) for _ in range(6)])

    def similarity(a, b):
        return np.exp(-np.linalg.norm(a - b, axis=-1))

    first, middle, last = z
    ends, late, early = similarity(last, first), similarity(last, middle), similarity(middle, first)
    for_first = sum(similarity(first, first[order]) for order in orders[:3])
    for_last = sum(similarity(last, last[order]) for order in orders[3:])
    terms = -np.log(1e-8 + late / (1e-8 + ends + late + for_last))
    terms = (terms - np.log(1e-8 + early / (1e-8 + ends + early + for_first))) / 2
    loss, _ = OBJECTIVES.get("tcn").loss(torch.tensor(z), torch.tensor(orders), _settings(0.98, 0, 0))
    assert loss.item() == pytest.approx(terms.mean(), abs=1e-9)


@pytest.mark.parametrize("name", OBJECTIVES.names())
def test_frames_are_drawn_from_the_whole_video_and_stay_in_order(name):
    objective, rng = OBJECTIVES.get(name), np.random.default_rng(0)
    lengths = np.full(4000, 7)
    frames = objective.draw(lengths, rng.random((4000, objective.uniforms)))
    assert frames.shape == (4000, objective.frames)
    assert frames.min() == 0
    assert frames.max() == 6
    if name == "tcn":
        first, middle, last = frames.T
        assert (first < middle).all() and (middle <= last).all()
    else:
        first, now, after, goal = frames[:, [0, 1, 2, -1] if name == "vip-dense" else [0, 2, 3, 1]].T
        assert (first <= now).all() and (now < goal).all() and (after == now + 1).all()
        assert set(first) == set(range(5)) and set(goal) == set(range(1, 7))


@pytest.mark.parametrize("name", OBJECTIVES.names())
def test_the_shortest_video_has_frames_for_every_objective(name):
    objective = OBJECTIVES.get(name)
    for uniform in (0.0, 0.999999):
        frames = objective.draw(np.array([SHORTEST]), np.full((1, objective.uniforms), uniform))
        assert frames.min() >= 0 and frames.max() < SHORTEST


def test_an_unknown_objective_is_answered_with_those_that_exist():
    with pytest.raises(UserError, match="tcn, vip, vip-dense, vip-lstd, vip-no-negatives"):
        OBJECTIVES.get("vipp")


@pytest.mark.parametrize("negatives", [0, 2])
def test_the_dense_form_averages_vip_over_every_valid_start_pair_and_goal(negatives):
    rng = np.random.default_rng(5)
    z, discount = rng.normal(size=(6, 4, 3)), 0.9  # start, k1, k1+1, k2, k2+1, goal
    orders = np.array([rng.permutation(4) for _ in range(negatives)], int).reshape(negatives, 4)
    loss, parts = OBJECTIVES.get("vip-dense").loss(
        torch.tensor(z), torch.tensor(orders), _settings(discount, 0.0, 0.0)
    )

    def away(a, b):
        return np.sqrt(((z[a] - b) ** 2).sum(-1))

    # by position: starts are 0, 1 and 3, goals 2, 4 and 5; pair (1, 2) fits goals from 2 on, (3, 4) from 4 on
    attracted = [(0, 2), (0, 4), (0, 5), (1, 2), (1, 4), (1, 5), (3, 4), (3, 5)]
    attract = (1 - discount) * np.mean([away(start, z[goal]) for start, goal in attracted])
    own = [(1, 2), (1, 4), (1, 5), (3, 4), (3, 5)]
    repel = np.mean([np.exp(-away(k, z[goal]) + 1 + discount * away(k + 1, z[goal])) for k, goal in own])
    assert parts["attract"].item() == pytest.approx(attract)
    assert parts["repel"].item() == pytest.approx(np.log(1e-8 + repel))
    expected = attract + np.log(1e-8 + repel)
    if negatives:
        other = [
            np.exp(
                -np.linalg.norm(z[k, order] - z[goal], axis=-1)
                + 1
                + discount * np.linalg.norm(z[k + 1, order] - z[goal], axis=-1)
            )
            for order in orders
            for k in (1, 3)
            for goal in (2, 4, 5)
        ]
        expected += np.log(1e-8 + np.mean(other))
    assert loss.item() == pytest.approx(expected)


def test_each_triple_of_the_dense_form_is_one_that_vip_may_draw():
    lengths = np.repeat([3, 4, 9], 200)
    objective = OBJECTIVES.get("vip-dense")
    frames = objective.draw(lengths, np.random.default_rng(1).random((len(lengths), objective.uniforms)))
    now, after = frames[:, 1:-1:2], frames[:, 2:-1:2]
    assert (after == now + 1).all()
    assert (np.diff(now) >= 0).all()
    assert (frames[:, :1] <= now).all()
    assert (after <= frames[:, -1:]).all()
    assert (frames[:, 0] <= lengths - 3).all()
    assert (frames[:, -1] < lengths).all()
