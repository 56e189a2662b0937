"""What a sample is worth to the learning: rewards over one step and more, returns, learned advantages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.policies import DIM, toy_dataset

pytest.importorskip("torch", reason="torch (the train extra) is not installed")

from policy_node.algorithms import ALGORITHMS
from policy_node.dataset import Dataset
from policy_node.learning import TrainConfig
from policy_node.rewards import dataset_rewards, discounted, returns, weight_figures
from policy_node.values import cross_fitted_values, implicit_advantages
from vip_ros.errors import UserError

QUICK = TrainConfig(steps=300, check_every=100, hidden=[32, 32], networks=1)


def _with_failures(count: int = 6) -> Dataset:
    """Return solved toy episodes, and as many that begin alike and then go away from the goal."""
    solved = toy_dataset(episodes=count)
    failures = []
    for index, episode in enumerate(toy_dataset(episodes=count, seed=7).episodes):
        embeddings = episode.embeddings.copy()
        embeddings[10:, -1] = np.linspace(embeddings[9, -1], 6.0, len(embeddings) - 10)
        failures.append(replace(episode, name=f"f{index}", success=False, embeddings=embeddings))
    return replace(solved, episodes=[*solved.episodes, *failures])


def test_rewards_of_more_steps_are_the_sum_of_single_ones() -> None:
    dataset = toy_dataset(episodes=1)
    single = dataset_rewards(dataset, TrainConfig(reward_steps=1))[0]
    double = dataset_rewards(dataset, TrainConfig(reward_steps=2))[0]
    # Pictures at 20 Hz, steps of 0.1 s: one step later is two samples later.
    assert double[:-2] == pytest.approx(single[:-2] + single[2:])


def test_rewards_reach_to_the_end_of_the_chunk_or_of_the_episode() -> None:
    dataset = toy_dataset(episodes=1)
    chunk = dataset_rewards(dataset, TrainConfig(reward_steps=0))[0]
    assert chunk == pytest.approx(dataset_rewards(dataset, TrainConfig(reward_steps=3))[0])
    curve = dataset.distances(dataset.episodes[0])
    whole = dataset_rewards(dataset, TrainConfig(reward_steps=-1))[0]
    assert whole == pytest.approx(curve - curve[-1])


def test_the_reward_of_a_whole_episode_is_the_sum_of_its_parts_for_every_sample() -> None:
    dataset = toy_dataset(episodes=2)
    for goal in ("picture", "change"):
        curve = dataset.distances(dataset.episodes[1], changed=goal == "change")
        whole = dataset_rewards(dataset, TrainConfig(reward_steps=-2, goal=goal))[1]
        assert whole == pytest.approx(np.full(len(curve), curve[0] - curve[-1]))
    mixed = replace(dataset, episodes=[dataset.episodes[0], replace(dataset.episodes[1], success=False)])
    solved, failed = dataset_rewards(mixed, TrainConfig(reward_steps=-2, reward="sparse"))
    assert solved.min() == 1.0 and failed.max() == 0.0


def _in_other_light(dataset: Dataset) -> Dataset:
    """Return the episodes with something in the pictures that differs between scenes and stays within one."""
    rng = np.random.default_rng(3)
    lit = [
        replace(episode, embeddings=episode.embeddings + rng.normal(0, 20, DIM + 1).astype(np.float32))
        for episode in dataset.episodes
    ]
    return replace(dataset, episodes=lit)


def test_a_goal_that_is_a_change_does_not_see_what_differs_between_scenes_only() -> None:
    dataset = _with_failures()
    for steps in (1, -1, -2):
        config = TrainConfig(reward_steps=steps, goal="change")
        plain, lit = (dataset_rewards(data, config) for data in (dataset, _in_other_light(dataset)))
        assert np.concatenate(lit) == pytest.approx(np.concatenate(plain), abs=1e-4)
        pictures = dataset_rewards(_in_other_light(dataset), replace(config, goal="picture"))
        assert np.concatenate(pictures) != pytest.approx(np.concatenate(lit), abs=0.1)


def test_whole_episodes_by_their_change_put_the_weight_on_successes_where_light_differs() -> None:
    options = replace(QUICK, steps=1, goal="change", reward_steps=-2, tau=3.0)
    learned = ALGORITHMS.get("rwr")(_in_other_light(_with_failures()), options)
    assert learned.figures["weight_on_successes"] > 0.95


def test_sparse_reward_is_one_at_the_end_of_a_success_and_zero_else() -> None:
    dataset = toy_dataset(episodes=2)
    failed = replace(dataset.episodes[1], success=False)
    mixed = replace(dataset, episodes=[dataset.episodes[0], failed])
    solved, failure = dataset_rewards(mixed, TrainConfig(reward="sparse"))
    assert solved[-3:] == pytest.approx(1.0) and solved[:-3].max() == 0.0
    assert failure.max() == 0.0
    totals = returns(mixed, TrainConfig(reward="sparse", discount=0.9))
    assert totals[0][-2] == 1.0 and 0 < totals[0][0] < 1 and totals[1].max() == 0.0


def test_returns_are_discounted_by_the_time_between_pictures() -> None:
    assert discounted(np.array([1.0, 2.0]), np.array([0.5, 0.9])) == pytest.approx([2.0, 2.0, 0.0])
    dataset = toy_dataset(episodes=1)
    undiscounted = returns(dataset, TrainConfig(discount=1.0))[0]
    curve = dataset.distances(dataset.episodes[0])
    assert undiscounted == pytest.approx(curve - curve[-1], abs=1e-4)


def test_values_of_an_episode_come_from_the_others() -> None:
    dataset = toy_dataset(episodes=6)
    totals = returns(dataset, QUICK)
    # An episode whose own returns are absurd does not see them in its values.
    odd = [np.full_like(totals[0], 1000.0), *totals[1:]]
    values = cross_fitted_values(dataset, odd, QUICK)
    assert np.abs(values[0]).max() < 500
    alone = replace(dataset, episodes=dataset.episodes[:1])
    assert cross_fitted_values(alone, totals[:1], QUICK)[0] == pytest.approx(totals[0].mean())


def test_what_leads_away_from_the_goal_counts_less() -> None:
    dataset = _with_failures()
    learned = ALGORITHMS.get("awr")(dataset, replace(QUICK, tau=1.0), None)
    assert learned.figures["weight_on_successes"] > 0.55
    assert 0 < learned.figures["effective_share"] <= 1


def test_implicit_advantages_see_what_leads_away_and_repeat() -> None:
    dataset = _with_failures()
    first = implicit_advantages(dataset, QUICK, None)
    assert [len(part) for part in first] == [len(episode.times) for episode in dataset.episodes]
    # From its tenth picture on a failure goes away from the goal, while a success comes nearer.
    solved, failed = (np.mean([part[10:25].mean() for part in half]) for half in (first[:6], first[6:]))
    assert failed < 0.0 < solved
    short = replace(QUICK, steps=20)
    once, again = (implicit_advantages(dataset, short, None) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))


def test_weight_figures_say_how_many_samples_count() -> None:
    dataset = toy_dataset(episodes=2)
    rows = len(dataset.episodes[0].times)
    one_sided = weight_figures(dataset, [np.ones(rows), np.zeros(rows)])
    assert one_sided["effective_share"] == 0.5
    assert weight_figures(dataset, [np.ones(rows)] * 2)["effective_share"] == 1.0


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("reward", "dense"),
        ("steps", 0),
        ("held_out", 1.5),
        ("tau", -1.0),
        ("reward_steps", -3),
        ("goal", "elsewhere"),
        ("rate", 0.0),
    ],
)
def test_options_that_cannot_be_meant_are_refused(option: str, value: object) -> None:
    with pytest.raises(UserError, match="reward|steps|held_out|negative|rate|goal"):
        TrainConfig(**{option: value})
