"""Directions that foretell the arm's path: found though they vary little, and never a reason to fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from policy_node.dataset import Dataset, GoalData
from policy_node.episode_data import EpisodeData
from policy_node.foresight import AHEAD, foretelling, futures
from policy_node.learning import TrainConfig
from policy_node.projection import Projection
from policy_node.samples import fit_projection

_EPISODES, _STEPS, _DIM = 20, 30, 40


def _episode(q: np.ndarray, embeddings: np.ndarray, fingers: np.ndarray | None = None) -> EpisodeData:
    times = 0.1 * np.arange(len(q))
    targets = np.repeat(q[:, None], 8, axis=1)
    picture = np.zeros((2, 2, 3), np.uint8)
    return EpisodeData("one", True, embeddings.astype(np.float32), q, targets, None, times, picture, fingers)


def _towards_a_place(seed: int) -> tuple[list[EpisodeData], np.ndarray]:
    """Return episodes that end at a place of their own, which is a thousandth of the embedding's variance."""
    rng = np.random.default_rng(seed)
    mixing = np.linalg.qr(rng.normal(size=(_DIM, _DIM)))[0]
    places, episodes = rng.uniform(-1, 1, (_EPISODES, 2)), []
    for place in places:
        share = np.linspace(0, 1, _STEPS)[:, None]
        q = np.concatenate([share * place, np.zeros((_STEPS, 5))], axis=1)
        nuisance = 10.0 * rng.normal(size=(_STEPS, 6))
        rest = 1e-3 * rng.normal(size=(_STEPS, _DIM - 8))
        parts = [0.3 * np.repeat(place[None], _STEPS, 0), nuisance, rest]
        episodes.append(_episode(q, np.concatenate(parts, axis=1) @ mixing))
    return episodes, np.repeat(places, _STEPS, axis=0)


def _past_a_moving_arm(seed: int) -> tuple[list[EpisodeData], np.ndarray]:
    """Return episodes whose pictures show the arm's posture loudly and, softly, the place it goes to."""
    mixing = np.linalg.qr(np.random.default_rng(0).normal(size=(_DIM, _DIM)))[0]
    rng = np.random.default_rng(seed)
    places, episodes = rng.uniform(-1, 1, (_EPISODES, 2)), []
    for place in places:
        share = np.linspace(0, 1, _STEPS)[:, None] ** rng.uniform(0.7, 1.4)
        posture = np.repeat(2.0 * rng.normal(size=(1, 4)), _STEPS, axis=0)
        q = np.concatenate([share * place, share, posture], axis=1)
        arm = 10.0 * np.concatenate([share**2, q], axis=1)
        scene = 0.3 * place + 0.05 * rng.normal(size=(_STEPS, 2))
        rest = 1e-3 * rng.normal(size=(_STEPS, _DIM - arm.shape[1] - 2))
        episodes.append(_episode(q, np.concatenate([arm, scene, rest], axis=1) @ mixing))
    return episodes, np.repeat(places, _STEPS, axis=0)


def _dataset(episodes: list[EpisodeData]) -> Dataset:
    """Return the episodes with the last six numbers of their embeddings called places."""
    joints = [f"panda_joint{number}" for number in range(1, 8)]
    goal = GoalData(episodes[0].embeddings[-1].astype(np.float64), episodes[0].last_image, None)
    return Dataset("push_bottle", "toy@0", joints, 0.1, 8, episodes, goal, places=6)


def _projection(episodes: list[EpisodeData], count: int) -> Projection:
    embeddings, q = _joined(episodes)
    lengths = [len(episode.times) for episode in episodes]
    return foretelling(embeddings, q, torch.from_numpy(futures(episodes)), lengths, count)


def _joined(episodes: list[EpisodeData]) -> tuple[torch.Tensor, torch.Tensor]:
    embeddings = np.concatenate([episode.embeddings for episode in episodes])
    return torch.from_numpy(embeddings), torch.from_numpy(np.concatenate([e.q for e in episodes]))


def _fit(episodes: list[EpisodeData], count: int) -> torch.Tensor:
    return _projection(episodes, count)(_joined(episodes)[0])


def _read_at_the_start(fitted: Projection, episodes: list[EpisodeData]) -> np.ndarray:
    """Return what the directions say while the arms have hardly moved, and ones, [E, K + 1]."""
    starts = torch.from_numpy(np.stack([episode.embeddings[1] for episode in episodes]))
    return np.concatenate([fitted(starts).double().numpy(), np.ones((len(episodes), 1))], axis=1)


def test_a_goal_that_hardly_shows_is_among_the_first_directions() -> None:
    episodes, places = _towards_a_place(1)
    seen = _fit(episodes, 2).double().numpy()
    seen = np.concatenate([seen, np.ones((len(seen), 1))], axis=1)
    read = seen @ np.linalg.lstsq(seen, places, rcond=None)[0]
    assert np.abs(read - places).mean() < 0.05


def test_what_the_joints_tell_anyway_uses_up_no_direction() -> None:
    shown, places = _past_a_moving_arm(1)
    others, elsewhere = _past_a_moving_arm(2)
    fitted = _projection(shown, 2)
    slopes = np.linalg.lstsq(_read_at_the_start(fitted, shown), places[::_STEPS], rcond=None)[0]
    read = _read_at_the_start(fitted, others) @ slopes
    assert np.abs(read - elsewhere[::_STEPS]).mean() < 0.35


def test_directions_have_mean_zero_and_deviation_one() -> None:
    seen = _fit(_towards_a_place(2)[0], 2)
    assert torch.allclose(seen.mean(dim=0), torch.zeros(2), atol=1e-4)
    assert torch.allclose(seen.std(dim=0, correction=0), torch.ones(2), atol=1e-3)


def test_no_more_directions_than_foretell_something() -> None:
    assert 1 <= _fit(_towards_a_place(3)[0], 30).shape[1] < 30


def test_one_episode_alone_gives_directions() -> None:
    seen = _fit(_towards_a_place(4)[0][:1], 4)
    assert torch.isfinite(seen).all() and seen.std() > 0.5


def test_where_an_encoder_tells_places_the_rest_of_the_embedding_is_not_looked_at() -> None:
    episodes, _ = _towards_a_place(5)
    narrow = fit_projection(_dataset(episodes), range(len(episodes)), TrainConfig()).matrix
    assert (narrow[:-6] == 0).all() and (narrow[-6:] != 0).any(dim=1).all()
    wide = fit_projection(_dataset(episodes), range(len(episodes)), TrainConfig(seen_in="all")).matrix
    assert (wide[:-6] != 0).any()


def test_the_ways_of_failures_do_not_tell_where_things_stand() -> None:
    solved, _ = _towards_a_place(6)
    astray = [replace(episode, success=False) for episode in _past_a_moving_arm(7)[0]]
    alone = fit_projection(_dataset(solved), range(len(solved)), TrainConfig()).matrix
    both = _dataset([*astray, *solved])
    assert torch.equal(fit_projection(both, range(len(both.episodes)), TrainConfig()).matrix, alone)
    failures_only = fit_projection(both, range(len(astray)), TrainConfig()).matrix
    assert torch.isfinite(failures_only).all() and not torch.equal(failures_only, alone)


def test_an_arm_that_rests_and_a_picture_that_never_changes_give_finite_directions() -> None:
    still = [_episode(np.zeros((10, 7)), np.ones((10, _DIM))) for _ in range(3)]
    assert torch.isfinite(_fit(still, 4)).all()


def test_the_future_of_fingers_counts_and_stays_where_the_episode_ends() -> None:
    q, fingers = np.linspace(0, 1, 20)[:, None], np.linspace(0.04, 0.0, 20)[:, None]
    later = futures([_episode(q, np.zeros((20, 3)), fingers)])
    assert later.shape == (20, 2 * (len(AHEAD) + 1))
    np.testing.assert_allclose(later[-1], [1.0, 0.0] * (len(AHEAD) + 1))
    np.testing.assert_allclose(
        later[0, :2], [np.interp(0.4, [0, 1.9], [0, 1]), np.interp(0.4, [0, 1.9], [0.04, 0])]
    )
