"""Episodes as training data: what is paired with what, the goal, the rewards, the cache."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.episodes import JOINTS, toy_demonstration, toy_episode

from policy_node.dataset import EpisodeData, load_dataset, reached_threshold
from vip_models.card import EncoderCard
from vip_models.distances import distances
from vip_ros.errors import UserError
from vip_teleop.recording import write_demonstration


class MeanColour:
    """An encoder that can be recomputed by hand: the mean of each channel."""

    id = "mean@000000000001"

    def __init__(self, metric: str = "l2") -> None:
        self.frames = 0
        self.card = EncoderCard(name="mean", metric=metric)

    def encode(self, frames: np.ndarray, batch_size: int = 8) -> np.ndarray:
        self.frames += len(frames)
        return frames.mean(axis=(1, 2)).astype(np.float32)


def test_picture_meets_its_joints_and_the_commands_that_followed(tmp_path: Path, vip_cache: Path) -> None:
    made = toy_demonstration(rows=20)
    dataset = load_dataset([toy_episode(tmp_path, rows=20)], MeanColour(), 0.1, 3)
    (episode,) = dataset.episodes
    speed = np.arange(1, 8) / 10.0
    assert dataset.joints == list(JOINTS)
    assert np.allclose(episode.embeddings, made.frames.mean(axis=(1, 2)), atol=1e-3)
    assert np.allclose(episode.q, made.q, atol=1e-6)
    # The toy commands move at constant speed, so the one due at t + 0.1 (k + 1) is known.
    due = made.stamps[4] + 0.1 * np.arange(1, 4)
    assert np.allclose(episode.targets[4], due[:, None] * speed, atol=1e-6)
    assert np.allclose(episode.targets[-1], made.q_command[-1])
    assert episode.gripper is not None
    assert episode.gripper[-1] == pytest.approx([0.08] * 3)
    assert np.array_equal(episode.last_image, made.frames[-1])


def test_embeddings_are_computed_once_per_content_and_encoder(tmp_path: Path, vip_cache: Path) -> None:
    paths = [toy_episode(tmp_path, seed=seed) for seed in range(2)]
    encoder = MeanColour()
    first = load_dataset(paths, encoder, 0.1, 3)
    again = load_dataset(paths, encoder, 0.1, 3)
    assert encoder.frames == 24
    assert np.array_equal(first.episodes[1].embeddings, again.episodes[1].embeddings)
    other = MeanColour()
    other.id = "mean@000000000002"
    load_dataset(paths, other, 0.1, 3)
    assert other.frames == 24


def test_goal_is_the_mean_of_the_last_pictures_of_the_successes(tmp_path: Path, vip_cache: Path) -> None:
    paths = [toy_episode(tmp_path, seed=seed, success=seed != 1) for seed in range(3)]
    dataset = load_dataset(paths, MeanColour(), 0.1, 3)
    last = [toy_demonstration(seed=seed).frames[-1].mean(axis=(0, 1)) for seed in (0, 2)]
    assert np.allclose(dataset.goal.embedding, np.mean(last, axis=0), atol=1e-3)
    assert [episode.success for episode in dataset.episodes] == [True, False, True]


def test_rewards_are_the_distance_covered_in_one_step(tmp_path: Path, vip_cache: Path) -> None:
    dataset = load_dataset([toy_episode(tmp_path, rows=20)], MeanColour(), 0.1, 3)
    (episode,) = dataset.episodes
    curve = distances(episode.embeddings, dataset.goal.embedding, "l2")
    rewards = dataset.rewards(episode)
    assert rewards[:-2] == pytest.approx(curve[:-2] - curve[2:])
    assert rewards[-1] == 0.0


def _approaching(name: str, distances: list[float]) -> EpisodeData:
    """Return a solved episode of 2 Hz whose embeddings have these distances to the goal at 0."""
    rows = len(distances)
    return EpisodeData(
        name,
        True,
        np.column_stack([distances, np.zeros(rows)]).astype(np.float32),
        np.zeros((rows, 7)),
        np.zeros((rows, 3, 7)),
        None,
        np.arange(rows) / 2.0,
        np.zeros((2, 2, 3), np.uint8),
    )


def test_threshold_is_met_by_every_end_and_by_no_picture_on_the_way() -> None:
    goal = np.zeros(2, np.float32)
    clear = [_approaching("a", [9, 8, 5, 1, 1, 1]), _approaching("b", [9, 7, 6, 2, 1, 2])]
    assert reached_threshold(clear, goal) == 2.0
    wandering = [*clear, _approaching("c", [9, 1.5, 5, 1, 1, 1])]
    assert reached_threshold(wandering, goal) is None
    assert reached_threshold([_approaching("short", [9, 1])], goal) is None


def test_gap_between_pictures_does_not_shift_the_targets(tmp_path: Path, vip_cache: Path) -> None:
    made = toy_demonstration(rows=20)
    kept = np.delete(np.arange(20), [6, 7])
    names = ("stamps", "frames", "q", "dq", "q_command", "gripper")
    arrays = {name: getattr(made, name)[kept] for name in names}
    gapped = replace(made, **arrays)
    dataset = load_dataset([write_demonstration(gapped, tmp_path, "scripted", 10**18)], MeanColour(), 0.1, 3)
    speed = np.arange(1, 8) / 10.0
    assert np.allclose(dataset.episodes[0].targets[5, 0], (made.stamps[5] + 0.1) * speed, atol=1e-6)


def test_unusable_folders_are_one_line_each(tmp_path: Path, vip_cache: Path) -> None:
    with pytest.raises(UserError, match="vip record"):
        load_dataset([], MeanColour(), 0.1, 3)
    failed = toy_episode(tmp_path, success=False)
    with pytest.raises(UserError, match="no episode ended in success"):
        load_dataset([failed], MeanColour(), 0.1, 3)
    folding = replace(toy_demonstration(), task="fold_towel")
    other = write_demonstration(folding, tmp_path, "scripted", 10**18)
    with pytest.raises(UserError, match="close_drawer, fold_towel"):
        load_dataset([failed, other], MeanColour(), 0.1, 3)


def test_damaged_cache_is_made_anew(tmp_path: Path, vip_cache: Path) -> None:
    path = toy_episode(tmp_path)
    load_dataset([path], MeanColour(), 0.1, 3)
    (cached,) = vip_cache.rglob("*.npz")
    cached.write_bytes(b"cut short")
    encoder = MeanColour()
    load_dataset([path], encoder, 0.1, 3)
    assert encoder.frames == 12


def test_a_finger_that_moves_is_sensed_as_measured_not_as_commanded(tmp_path: Path, vip_cache: Path) -> None:
    moving = replace(toy_demonstration(rows=20), width=np.linspace(0.0, 0.06, 20))
    still = replace(toy_demonstration(rows=20), gripper=np.zeros(20), width=np.full(20, 0.001))
    paths = [
        write_demonstration(made, tmp_path, "scripted", 10**18 + i) for i, made in enumerate((moving, still))
    ]
    both = load_dataset(paths, MeanColour(), 0.1, 3)
    assert both.senses == ["panda_finger_joint1"]
    assert both.episodes[0].fingers is not None
    assert np.allclose(both.episodes[0].fingers[:, 0], moving.width / 2)
    alone = load_dataset(paths[1:], MeanColour(), 0.1, 3)
    assert alone.senses == [] and alone.episodes[0].fingers is None
