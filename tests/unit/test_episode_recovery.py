"""A recorder that is killed loses nothing that was kept, and its unfinished episode is not lost either."""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from sensor_msgs.msg import JointState
from support.episodes import START_NS, toy_episode

from vip_teleop.episode import BAG_FILE, list_episodes, list_unfinished, load_info
from vip_teleop.episode_check import verify
from vip_teleop.episode_reader import EpisodeReader
from vip_teleop.episode_writer import EpisodeWriter
from vip_teleop.recovery import recover, salvage

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))


def _left_behind(directory: Path, rows: int = 50, lost: int = 7) -> Path:
    """Leave what a killed recorder leaves: a flushed bag with a torn end under a temporary name."""
    writer = EpisodeWriter(directory, "push_bottle")
    for row in range(rows):
        writer.write("/joint_states", JointState(position=[float(row)]), START_NS + row)
        if row % 10 == 9:
            writer.flush()
    writer.bag.close()
    (folder,) = (path for path in list_unfinished(directory) if "push_bottle" in path.name)
    bag = folder / BAG_FILE
    os.truncate(bag, bag.stat().st_size - lost)
    return folder


def test_interrupted_episode_is_recovered_up_to_its_torn_end_and_set_aside(tmp_path: Path) -> None:
    whole = toy_episode(tmp_path)
    _left_behind(tmp_path)
    (found,) = recover(tmp_path)
    assert not found.kept and found.path is not None
    assert list_episodes(tmp_path) == [whole]
    assert list_unfinished(tmp_path) == []
    assert found.path == tmp_path / "interrupted" / "push_bottle_0000"
    info = load_info(found.path)
    assert (info.task, info.complete, info.outcome) == ("push_bottle", False, "unknown")
    values = [float(message.position[0]) for _, _, message in EpisodeReader(found.path).messages()]
    assert values == list(range(len(values))) and 40 <= len(values) <= 50
    assert verify(found.path) == []


@pytest.mark.parametrize("share", np.linspace(0.0, 1.0, 9))
def test_bag_cut_anywhere_gives_what_lies_before_the_cut(tmp_path: Path, share: float) -> None:
    folder = _left_behind(tmp_path, lost=0)
    bag = folder / BAG_FILE
    os.truncate(bag, round(share * bag.stat().st_size))
    values = [stamp - START_NS for _, _, _, stamp, _ in salvage(bag)]
    assert values == list(range(len(values)))
    assert len(values) <= 50 and (share < 1.0 or len(values) == 50)
    recover(tmp_path)
    assert list_unfinished(tmp_path) == []


def test_damage_in_the_middle_keeps_what_lies_before_it(tmp_path: Path) -> None:
    folder = _left_behind(tmp_path, lost=0)
    bag = folder / BAG_FILE
    content = bytearray(bag.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 400] = bytes(400)
    bag.write_bytes(content)
    assert 0 < len(list(salvage(bag))) < 50


def test_episode_that_was_kept_but_not_renamed_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> Path:
        raise KeyboardInterrupt

    writer = EpisodeWriter(tmp_path, "task")
    writer.write("/joint_states", JointState(), START_NS)
    monkeypatch.setattr("vip_teleop.episode_writer.settle", killed)
    with pytest.raises(KeyboardInterrupt):
        writer.finish("success")
    writer.bag.close()
    assert list_episodes(tmp_path) == []
    (found,) = recover(tmp_path)
    assert found.kept
    (episode,) = list_episodes(tmp_path)
    assert (load_info(episode).outcome, verify(episode)) == ("success", [])


def test_episode_of_a_recorder_that_lives_is_left_alone(tmp_path: Path) -> None:
    with EpisodeWriter(tmp_path, "task") as writer:
        writer.write("/joint_states", JointState(), START_NS)
        writer.flush()
        assert recover(tmp_path) == []
        assert writer.finish("success").name == "task_0000"


def test_empty_leftover_is_removed_and_an_unreadable_one_is_quarantined(tmp_path: Path) -> None:
    (tmp_path / ".recording-task-empty").mkdir()
    folder = _left_behind(tmp_path)
    (folder / "metadata.yaml").write_text("{}")
    (folder / "episode.yaml").write_text("not: an episode")
    lines = [found.line for found in recover(tmp_path)]
    assert any("held nothing" in line for line in lines)
    assert any("cannot be read" in line for line in lines)
    assert (tmp_path / "interrupted" / "unreadable_0000" / BAG_FILE).is_file()
    assert list_unfinished(tmp_path) == []


def test_bag_is_locked_while_it_is_written(tmp_path: Path) -> None:
    with EpisodeWriter(tmp_path, "task"):
        (folder,) = list_unfinished(tmp_path)
        with (folder / BAG_FILE).open("rb") as stream, pytest.raises(BlockingIOError):
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kills", [8, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(3000)])])
def test_kills_at_random_moments_lose_nothing_that_was_kept(tmp_path: Path, kills: int) -> None:
    from recorder_kills import torture

    figures = torture(tmp_path, kills)
    assert (figures.lost, figures.unreadable, figures.half, figures.leftovers) == (0, 0, 0, 0)
    assert figures.kept > 0
    # A few kills may all meet an episode of which nothing was on the disk yet; many do not.
    assert figures.recovered > 0 or kills < 50
