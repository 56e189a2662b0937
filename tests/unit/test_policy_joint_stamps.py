"""Joint states must be stamped in order and by the clock of the pictures: else all would meet one posture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.episodes import JOINTS, toy_episode

from policy_node.episode_data import load_episode, read_recorded
from vip_models.card import EncoderCard
from vip_ros.errors import UserError
from vip_teleop.episode_reader import EpisodeReader


class MeanColour:
    id = "mean@000000000001"
    card = EncoderCard(name="mean")

    def encode(self, frames: np.ndarray, batch_size: int = 8) -> np.ndarray:
        return frames.mean(axis=(1, 2)).astype(np.float32)


def _restamped(folder: Path, stamps: Callable[[np.ndarray], np.ndarray]) -> EpisodeReader:
    """Return an episode whose joint states have the stamps, ns [T], that follow from the recorded ones."""
    reader = EpisodeReader(toy_episode(folder, rows=40))
    states = reader.joint_states()
    reader.joint_states = lambda: replace(states, stamps=stamps(states.stamps))
    return reader


def _swapped(stamps: np.ndarray) -> np.ndarray:
    return stamps[[0, 2, 1, *range(3, len(stamps))]]


@pytest.mark.parametrize(
    ("stamps", "complaint"),
    [
        (np.zeros_like, "do not cover the pictures"),
        (lambda at: at - at[0], "do not cover the pictures"),
        (lambda at: at + 3600 * 10**9, "stamped 3600.00 to 3601.95 s, do not cover the pictures, 0 to 1.95"),
        (lambda at: np.maximum(at, at[0] + 600_000_000), "stamped 0.60 to 1.95"),
        (lambda at: np.minimum(at, at[-1] - 600_000_000), "stamped 0.00 to 1.35"),
        (_swapped, "joint states are not in the order of time"),
    ],
)
def test_joint_states_of_another_time_than_the_pictures_are_refused(
    tmp_path: Path, vip_cache: Path, stamps: Callable[[np.ndarray], np.ndarray], complaint: str
) -> None:
    reader = _restamped(tmp_path, stamps)
    with pytest.raises(UserError, match=rf"{complaint}.*\[.*close_drawer_0000.*leave it out") as caught:
        load_episode(reader, read_recorded(reader), MeanColour(), list(JOINTS), [], 0.1, 3)
    assert "\n" not in str(caught.value)


def test_joint_states_may_begin_a_little_late_end_a_little_early_and_repeat_a_stamp(
    tmp_path: Path, vip_cache: Path
) -> None:
    reader = _restamped(
        tmp_path,
        lambda at: np.clip(at, at[0] + 400_000_000, at[-1] - 400_000_000),
    )
    load_episode(reader, read_recorded(reader), MeanColour(), list(JOINTS), [], 0.1, 3)


def _sent(folder: Path, shift: float) -> EpisodeReader:
    """Return an episode whose commands were recorded that many s later than they were."""
    reader = EpisodeReader(toy_episode(folder, rows=40))
    commands = reader.joint_commands()
    reader.joint_commands = lambda: replace(commands, recorded=commands.recorded + int(shift * 1e9))
    return reader


@pytest.mark.parametrize("shift", [-3600.0, -4.0, 4.0, 3600.0])
def test_commands_of_another_time_than_the_pictures_are_refused(
    tmp_path: Path, vip_cache: Path, shift: float
) -> None:
    reader = _sent(tmp_path, shift)
    with pytest.raises(UserError, match=r"no command was recorded.*_0000.*leave it out") as caught:
        load_episode(reader, read_recorded(reader), MeanColour(), list(JOINTS), [], 0.1, 3)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shift", [-1.0, 1.0])
def test_commands_may_begin_late_and_end_early(tmp_path: Path, vip_cache: Path, shift: float) -> None:
    reader = _sent(tmp_path, shift)
    data = load_episode(reader, read_recorded(reader), MeanColour(), list(JOINTS), [], 0.1, 3)
    assert np.isfinite(data.targets).all()
