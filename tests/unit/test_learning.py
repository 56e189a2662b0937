"""Reward-weighted regression and behaviour cloning on a toy task whose answer is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.policies import READY, toy_dataset

pytest.importorskip("torch", reason="torch (the train extra) is not installed")

from policy_node.algorithms import ALGORITHMS
from policy_node.bundle import load_bundle, save_bundle
from policy_node.dataset import Dataset
from policy_node.learning import LearnedPolicy, TrainConfig
from policy_node.policy import Policy
from policy_node.rewards import reward_scale, reward_weights
from policy_node.training import describe, goal_of
from vip_ros.errors import UserError

QUICK = TrainConfig(steps=600, check_every=200, hidden=[64, 64], networks=1)


def _learn(algorithm: str, dataset: Dataset, config: TrainConfig = QUICK) -> LearnedPolicy:
    return ALGORITHMS.get(algorithm)(dataset, config, None)


def _policy(dataset: Dataset, learned: LearnedPolicy, folder: Path) -> Policy:
    save_bundle(folder, describe(dataset, learned, "bc", QUICK, {}), learned.tensors, goal_of(dataset))
    return Policy(load_bundle(folder))


def test_learned_policy_reaches_a_place_it_never_saw(tmp_path: Path) -> None:
    dataset = toy_dataset(episodes=30)
    policy = _policy(dataset, _learn("bc", dataset, replace(QUICK, steps=1500)), tmp_path / "policy")
    unseen = toy_dataset(episodes=1, seed=99).episodes[0]
    q = READY.copy()
    for tick in range(20):
        q = policy.act(unseen.embeddings[min(2 * tick, 39)], q).positions[0]
    assert np.abs(q - unseen.targets[-1, -1]).max() < 0.08
    assert policy.act(unseen.embeddings[0], q).gripper == pytest.approx([0.04] * 3, abs=2e-3)


def test_training_is_the_same_for_the_same_seed_and_differs_for_another() -> None:
    dataset = toy_dataset()
    first, again, other = (_learn("rwr", dataset, replace(QUICK, seed=seed)).tensors for seed in (3, 3, 4))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["layers.0.weight"], other["layers.0.weight"])


def test_behaviour_cloning_is_reward_weighting_at_zero_temperature() -> None:
    dataset = toy_dataset()
    cloned = _learn("bc", dataset).tensors
    weighted = _learn("rwr", dataset, replace(QUICK, tau=0.0)).tensors
    assert all(np.allclose(cloned[name], weighted[name], atol=1e-6) for name in cloned)


def test_rewarded_samples_win_where_demonstrations_disagree(tmp_path: Path) -> None:
    dataset = toy_dataset(episodes=8)
    # The same observations, once with the way to the goal and once standing still without progress.
    idle = [
        replace(
            episode,
            name=f"{episode.name}_idle",
            targets=np.repeat(episode.q[:, None], 3, axis=1),
            times=episode.times + 1000.0,
            embeddings=np.repeat(episode.embeddings[:1], len(episode.times), axis=0),
        )
        for episode in dataset.episodes
    ]
    mixed = replace(dataset, episodes=dataset.episodes + idle)
    config = replace(QUICK, held_out=0.0)
    steps = {}
    for tau in (0.0, 3.0):
        policy = _policy(mixed, _learn("rwr", mixed, replace(config, tau=tau)), tmp_path / f"policy_{tau}")
        episode = dataset.episodes[0]
        offset = policy.act(episode.embeddings[0], episode.q[0]).positions[-1] - episode.q[0]
        wanted = episode.targets[0, -1] - episode.q[0]
        steps[tau] = float(offset @ wanted / (wanted @ wanted))
    assert steps[3.0] > steps[0.0] + 0.15


def test_weights_follow_the_formula_and_have_mean_one() -> None:
    rewards = np.array([-0.2, 0.0, 0.1, 0.4])
    weights = reward_weights(rewards, tau=0.5, scale=0.2, largest=100.0)
    expected = np.exp(0.5 * rewards / 0.2)
    assert weights == pytest.approx(expected / expected.mean())
    assert reward_weights(rewards, 0.0, 0.2, 100.0) == pytest.approx(np.ones(4))


def test_weights_are_clipped_and_stay_finite() -> None:
    rewards = np.concatenate([np.zeros(99), [1e4]])
    weights = reward_weights(rewards, tau=5.0, scale=1.0, largest=10.0)
    assert np.isfinite(weights).all()
    assert weights.mean() == pytest.approx(1.0)


@given(st.integers(0, 1000), st.floats(0.0, 12.0), st.floats(2.0, 30.0))
def test_no_weight_is_larger_than_allowed_and_better_never_counts_less(
    seed: int, tau: float, largest: float
) -> None:
    rewards = np.sort(np.random.default_rng(seed).normal(size=300))
    weights = reward_weights(rewards, tau, 1.0, largest)
    assert weights.max() <= largest * 1.002 and weights.mean() == pytest.approx(1.0)
    assert (np.diff(weights) >= -1e-12).all()


def test_temperature_means_the_same_for_encoders_of_any_scale() -> None:
    rewards = np.random.default_rng(0).normal(size=200)
    small, large = (
        reward_weights(factor * rewards, 0.3, reward_scale([factor * rewards]), 20.0)
        for factor in (0.01, 50.0)
    )
    assert small == pytest.approx(large)
    assert reward_scale([rewards], fixed=1.0) == 1.0
    assert reward_scale([np.zeros(5)]) == 1.0


def test_few_episodes_train_without_held_out_ones() -> None:
    learned = _learn("bc", toy_dataset(episodes=1), replace(QUICK, steps=200))
    assert learned.figures["held_out"] == []
    assert learned.figures["error_on"] == "training episodes"
    assert learned.figures["episodes"] == 1


def test_training_stops_early_when_validation_gets_no_better() -> None:
    config = replace(QUICK, steps=20_000, check_every=50, patience=2, learning_rate=0.05)
    learned = _learn("bc", toy_dataset(), config)
    assert learned.figures["steps"] < 20_000
    assert learned.figures["best_step"] <= learned.figures["steps"]


def test_progress_counts_up_to_the_end() -> None:
    told: list[tuple[str, int, int]] = []
    ALGORITHMS.get("bc")(toy_dataset(), QUICK, lambda *state: told.append(state))
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert told[-1] == ("training", 600, 600)


def test_data_without_a_gripper_makes_a_policy_without_one() -> None:
    dataset = toy_dataset(gripper=False)
    learned = _learn("bc", dataset, replace(QUICK, steps=200))
    assert describe(dataset, learned, "bc", QUICK, {}).gripper is False
    assert learned.tensors["output_mean"].shape == (3 * 7,)


def test_unknown_algorithm_names_those_that_exist() -> None:
    with pytest.raises(UserError, match="available: awr, bc, .*iql, rwr, scratch"):
        ALGORITHMS.get("rlhf")


def test_a_policy_that_sees_a_finger_acts_on_it_and_does_not_move_it(tmp_path: Path) -> None:
    plain = toy_dataset(episodes=10)
    rng = np.random.default_rng(5)
    episodes = []
    for episode in plain.episodes:
        fingers = rng.choice([0.0, 0.04], size=(len(episode.times), 1))
        # Open fingers: close them; closed ones: leave them closed, and lift.
        targets = episode.q[:, None, :] + np.where(fingers[:, :, None] < 0.02, 0.1, 0.0)
        targets = np.repeat(targets, 3, axis=1)
        episodes.append(replace(episode, fingers=fingers, targets=targets))
    dataset = replace(plain, episodes=episodes, senses=["panda_finger_joint1"])
    exact = replace(QUICK, finger_noise=0.001)  # much noise would pull the two answers together
    policy = _policy(dataset, _learn("bc", dataset, exact), tmp_path / "policy")
    observed = [np.append(READY, finger) for finger in (0.04, 0.0)]
    wide, closed = (policy.act(np.zeros(5), seen).positions - READY for seen in observed)
    assert wide.shape == (3, 7)
    assert (closed - wide).min() > 0.04 and np.mean(closed - wide) == pytest.approx(0.1, abs=0.02)
