"""Directions that foretell the arm's path: found though they vary little, and never a reason to fail."""

from __future__ import annotations

import numpy as np
import torch

from policy_node.episode_data import EpisodeData
from policy_node.foresight import AHEAD, foretelling, futures

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


def _fit(episodes: list[EpisodeData], count: int) -> torch.Tensor:
    embeddings = torch.from_numpy(np.concatenate([episode.embeddings for episode in episodes]))
    return foretelling(embeddings, torch.from_numpy(futures(episodes)), len(episodes), count)(embeddings)


def test_a_goal_that_hardly_shows_is_among_the_first_directions() -> None:
    episodes, places = _towards_a_place(1)
    seen = _fit(episodes, 2).double().numpy()
    seen = np.concatenate([seen, np.ones((len(seen), 1))], axis=1)
    read = seen @ np.linalg.lstsq(seen, places, rcond=None)[0]
    assert np.abs(read - places).mean() < 0.05


def test_directions_have_mean_zero_and_deviation_one() -> None:
    seen = _fit(_towards_a_place(2)[0], 2)
    assert torch.allclose(seen.mean(dim=0), torch.zeros(2), atol=1e-4)
    assert torch.allclose(seen.std(dim=0, correction=0), torch.ones(2), atol=1e-3)


def test_no_more_directions_than_foretell_something() -> None:
    assert 1 <= _fit(_towards_a_place(3)[0], 30).shape[1] < 30


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
