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

from vip_teleop import bag_reader
from vip_teleop.episode import BAG_FILE, list_episodes, list_unfinished, load_info
from vip_teleop.episode_check import verify
from vip_teleop.episode_reader import EpisodeReader
from vip_teleop.episode_writer import EpisodeWriter
from vip_teleop.recovery import recover
from vip_teleop.salvage import Salvage

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
    found = Salvage(bag)
    values = [stamp - START_NS for _, _, _, stamp, _ in found.messages()]
    assert values == list(range(len(values))) and found.damage == []
    assert len(values) <= 50 and (share < 1.0 or len(values) == 50)
    recover(tmp_path)
    assert list_unfinished(tmp_path) == []


def _chunks(bag: Path) -> list[tuple[int, int]]:
    """Return where the chunks of a sound bag begin and end."""
    content, at, found = bag.read_bytes(), 8, []
    while at < len(content):
        end = at + 9 + int.from_bytes(content[at + 1 : at + 9], "little")
        if content[at] == 6:
            found.append((at, end))
        at = end
    return found


@pytest.mark.parametrize("place", range(0, 80, 3))
@pytest.mark.parametrize("chunk", [0, 2, 4])
def test_one_flipped_byte_costs_a_chunk_at_most_and_never_the_original(
    tmp_path: Path, place: int, chunk: int
) -> None:
    folder = _left_behind(tmp_path, lost=0)
    content = bytearray((folder / BAG_FILE).read_bytes())
    begin, _ = _chunks(folder / BAG_FILE)[chunk]
    content[begin + place] ^= 0xFF
    (folder / BAG_FILE).write_bytes(content)
    (found,) = recover(tmp_path)
    assert found.path is not None and not found.kept and list_unfinished(tmp_path) == []
    lying = sorted(path.name for path in (tmp_path / "interrupted").iterdir())
    whole = place == 0 or 9 <= place < 25  # the opcode, or the times: no message hangs on them
    values = list(range(50)) if whole else [row for row in range(50) if row // 10 != chunk]
    if chunk == 0 and not whole:  # it alone tells the topic's name
        assert lying == ["unreadable_0000"]
    else:
        assert lying[-1] == "push_bottle_0000"
        assert [stamp - START_NS for _, stamp, _ in EpisodeReader(found.path).messages()] == values
        assert verify(found.path) == []
        assert (len(lying) == 1) == (9 <= place < 25)
    if lying != ["push_bottle_0000"]:
        assert lying[0] in found.line
        assert (tmp_path / "interrupted" / lying[0] / BAG_FILE).read_bytes() == content


def test_damage_in_the_middle_keeps_what_lies_around_it(tmp_path: Path) -> None:
    folder = _left_behind(tmp_path, lost=0)
    bag = folder / BAG_FILE
    content = bytearray(bag.read_bytes())
    begin, end = _chunks(bag)[1]
    content[begin:end] = bytes(end - begin)
    bag.write_bytes(content)
    found = Salvage(bag)
    rows = [stamp - START_NS for _, _, _, stamp, _ in found.messages()]
    assert rows == [*range(10), *range(20, 50)] and len(found.damage) == 1


@pytest.mark.parametrize("content", [b"\x89MCAP0\r\n" + bytes(500) + b"x", b"no bag at all" * 50])
def test_bytes_of_which_nothing_can_be_read_are_kept(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / ".recording-task-x"
    folder.mkdir()
    (folder / BAG_FILE).write_bytes(content)
    (found,) = recover(tmp_path)
    assert "held nothing" not in found.line and found.path == tmp_path / "interrupted" / "unreadable_0000"
    assert (found.path / BAG_FILE).read_bytes() == content


def test_first_second_that_a_kill_cut_is_kept_as_bytes(tmp_path: Path) -> None:
    folder = _left_behind(tmp_path, lost=0)
    begin, end = _chunks(folder / BAG_FILE)[0]
    os.truncate(folder / BAG_FILE, (begin + end) // 2)
    (found,) = recover(tmp_path)
    assert found.path is not None and (found.path / BAG_FILE).stat().st_size == (begin + end) // 2
    assert "nothing of an interrupted recording can be read" in found.line


def test_tail_of_zeros_is_a_torn_end(tmp_path: Path) -> None:
    folder = _left_behind(tmp_path, lost=0)
    with (folder / BAG_FILE).open("ab") as stream:
        stream.write(bytes(5000))
    (found,) = recover(tmp_path)
    assert found.path is not None and load_info(found.path).counts == {"/joint_states": 50}
    assert list((tmp_path / "interrupted").iterdir()) == [found.path]


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), MemoryError()])
def test_disk_or_memory_that_fails_leaves_the_recording_for_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    folder = _left_behind(tmp_path, lost=0)
    read, calls = bag_reader.unpack, []

    def fail_late(chunk: object) -> object:
        calls.append(chunk)
        if len(calls) == 3:
            raise error
        return read(chunk)  # type: ignore[arg-type]

    monkeypatch.setattr(bag_reader, "unpack", fail_late)
    (found,) = recover(tmp_path)
    assert found.path == folder and "stays in" in found.line
    assert list_unfinished(tmp_path) == [folder] and not (tmp_path / "interrupted").exists()
    monkeypatch.undo()
    (found,) = recover(tmp_path)
    assert found.path is not None and load_info(found.path).counts == {"/joint_states": 50}


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


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(8, marks=pytest.mark.timeout(300)),
        # A function's own limit would come before that of one of its cases.
        pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(3000)]),
    ],
)
def test_kills_at_random_moments_lose_nothing_that_was_kept(tmp_path: Path, kills: int) -> None:
    from recorder_kills import torture

    figures = torture(tmp_path, kills)
    assert (figures.lost, figures.unreadable, figures.half, figures.leftovers) == (0, 0, 0, 0)
    assert figures.kept > 0
    # A few kills may all meet an episode of which nothing was on the disk yet; many do not.
    assert figures.recovered > 0 or kills < 50
