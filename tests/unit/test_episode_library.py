"""The library of episodes: copies are whole, cuts are where they were asked for, parts do not overlap."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from fakes import MeanColour
from sensor_msgs.msg import JointState
from support.episodes import JOINTS, START_NS, toy_demonstration, toy_episode
from vip_interfaces.msg import GuardState, Reward

from vip_bringup.cli import main
from vip_ros.errors import UserError
from vip_ros.stamps import from_ns
from vip_teleop.episode import list_episodes, load_info
from vip_teleop.episode_check import verify
from vip_teleop.episode_reader import EpisodeReader
from vip_teleop.episode_writer import EpisodeWriter
from vip_teleop.library.copying import copy, label, merge, trim
from vip_teleop.library.split import split
from vip_teleop.replay import APPROACH_SPEED, STEP, Replay


def _vip(*arguments: object) -> int:
    return main(["episodes", *(str(argument) for argument in arguments)])


def test_copy_holds_the_same_messages(tmp_path: Path) -> None:
    original = toy_episode(tmp_path / "a")
    made = copy(original, tmp_path / "b")
    assert verify(made) == []
    assert load_info(made).counts == load_info(original).counts
    assert np.array_equal(EpisodeReader(made).frames()[1], EpisodeReader(original).frames()[1])


def test_trimmed_episode_lies_between_the_two_times(tmp_path: Path) -> None:
    original = toy_episode(tmp_path / "a", rows=20)
    made = trim(original, tmp_path / "b", 0.2, -0.3)
    stamps, frames = EpisodeReader(made).frames()
    recorded = EpisodeReader(original).frames()
    inside = (recorded[0] >= START_NS + 200_000_000) & (recorded[0] <= START_NS + 700_000_000)
    assert np.array_equal(stamps, recorded[0][inside])
    assert np.array_equal(frames, recorded[1][inside])
    assert original.name in load_info(made).mark
    assert verify(made) == []


def test_trimming_keeps_the_state_that_holds_at_the_cut(tmp_path: Path) -> None:
    with EpisodeWriter(tmp_path / "a", "task") as writer:
        writer.write("/franka/guard_state", GuardState(mode_name="HOLD"), START_NS)
        for row in range(5):
            writer.write("/joint_states", JointState(), START_NS + row * 10**8)
        original = writer.finish("success")
    made = trim(original, tmp_path / "b", 0.25, 0.0)
    rows = [(topic, at - START_NS) for topic, at, _ in EpisodeReader(made).messages()]
    assert rows == [
        ("/franka/guard_state", 250_000_000),
        ("/joint_states", 300_000_000),
        ("/joint_states", 400_000_000),
    ]


@pytest.mark.parametrize(("begin", "end"), [(0.5, 0.2), (-1.0, 0.5), (0.0, 99.0), (0.1, -9.0)])
def test_cut_outside_the_episode_is_one_line(tmp_path: Path, begin: float, end: float) -> None:
    with pytest.raises(UserError, match="the episode lasts 0.6 s"):
        trim(toy_episode(tmp_path), tmp_path / "b", begin, end)


def test_merged_folders_are_numbered_on_and_marks_can_be_changed(tmp_path: Path) -> None:
    sources = [toy_episode(tmp_path / name, seed=seed) for seed, name in enumerate("ab")]
    made = merge(sources, tmp_path / "all")
    assert [path.name for path in made] == ["close_drawer_0000", "close_drawer_0001"]
    assert [load_info(path).seed for path in made] == [0, 1]
    assert load_info(label(made[0], tmp_path / "marked", "failure")).outcome == "failure"


def test_split_takes_the_same_share_of_every_outcome_and_repeats_itself(tmp_path: Path) -> None:
    paths = [toy_episode(tmp_path, rows=2, seed=k, success=k % 2 == 0) for k in range(10)]
    train, test = split(paths, 0.4, seed=3)
    assert sorted([*train, *test]) == paths
    assert sorted(load_info(path).outcome for path in test) == ["failure"] * 2 + ["success"] * 2
    assert split(paths, 0.4, seed=3) == (train, test)
    assert len(split(paths[:2], 0.01)[1]) == 1
    for share in (0.0, 1.0):
        with pytest.raises(UserError, match="share"):
            split(paths, share)


def test_verify_finds_a_changed_bag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    episode = toy_episode(tmp_path)
    assert _vip("verify", tmp_path) == 0
    with (episode / "episode.mcap").open("r+b") as stream:
        stream.seek(200)
        byte = stream.read(1)
        stream.seek(200)
        stream.write(bytes([byte[0] ^ 1]))
    assert verify(episode) != []
    assert _vip("verify", tmp_path) == 1
    assert "close_drawer_0000" in capsys.readouterr().out


def test_show_draws_sheet_joints_and_rewards(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    episode = _with_rewards(tmp_path / "a")
    assert _vip("show", episode, "--out", tmp_path / "pictures") == 0
    assert "outcome: success" in capsys.readouterr().out
    for name in ("contact_sheet", "joints", "reward"):
        picture = cv2.imread(str(tmp_path / "pictures" / f"{name}.png"))
        assert picture is not None and picture.std() > 1


def test_list_split_merge_trim_and_mark_as_a_person_types_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in range(4):
        toy_episode(tmp_path / "a", seed=seed, success=seed > 0)
    assert _vip("list", tmp_path / "a") == 0
    assert "4 episodes, 3 successes, 0 interrupted" in capsys.readouterr().out
    assert _vip("split", tmp_path / "a", "--test", 0.25, "--out", tmp_path / "parts") == 0
    assert [len(list_episodes(tmp_path / "parts" / part)) for part in ("train", "test")] == [3, 1]
    assert _vip("split", tmp_path / "a", "--test", 0.25, "--out", tmp_path / "parts") == 2
    assert _vip("merge", tmp_path / "parts/train", tmp_path / "parts/test", "--out", tmp_path / "m") == 0
    assert len(list_episodes(tmp_path / "m")) == 4
    first = list_episodes(tmp_path / "m")[0]
    assert _vip("trim", first, "--begin", 0.1, "--end", 0.4, "--out", tmp_path / "t") == 0
    assert _vip("mark", first, "failure", "--out", tmp_path / "f") == 0
    assert _vip("mark", tmp_path, "failure", "--out", tmp_path / "f") == 2
    assert capsys.readouterr().err.count("\n") == 2


def test_recomputed_rewards_are_those_of_the_other_goal(tmp_path: Path) -> None:
    from vip_bringup.episode_rewards import recompute

    encoder = MeanColour()
    episode = toy_episode(tmp_path / "a", rows=6)
    made = EpisodeReader(recompute(episode, tmp_path / "b", encoder))
    stamps, frames = made.frames()
    embeddings = MeanColour().encode(frames)
    rewards = [message for _, _, message in made.messages("/vip/reward")]
    wanted = np.linalg.norm(embeddings - embeddings[-1], axis=1)
    assert [float(message.distance) for message in rewards] == pytest.approx(wanted.tolist(), abs=1e-3)
    assert made.info.encoder == encoder.id
    assert made.info.counts["/vip/embedding"] == len(stamps)


def test_replay_approaches_slowly_and_then_follows_the_recording(tmp_path: Path) -> None:
    made = toy_demonstration(rows=40)
    replay = Replay(EpisodeReader(toy_episode(tmp_path, rows=40)), list(JOINTS), np.full(7, 0.5))
    first = replay.chunk(0.0)
    assert np.abs(first.positions[0] - 0.5).max() < APPROACH_SPEED * STEP
    speeds = [
        np.abs(np.diff(replay.chunk(at).positions, axis=0)).max() / STEP for at in np.arange(0, 1.5, 0.1)
    ]
    assert max(speeds) <= APPROACH_SPEED + 1e-9 or replay.duration < 2
    last = replay.chunk(replay.duration)
    assert last.final
    assert last.positions[-1] == pytest.approx(made.q_command[-1])
    assert last.gripper[-1] == pytest.approx(made.gripper[-1])


def test_replay_of_another_robot_or_speed_is_one_line(tmp_path: Path) -> None:
    reader = EpisodeReader(toy_episode(tmp_path))
    with pytest.raises(UserError, match="fr3_joint1"):
        Replay(reader, ["fr3_joint1"], np.zeros(1))
    with pytest.raises(UserError, match="speed"):
        Replay(reader, list(JOINTS), np.zeros(7), speed=0.0)


def _with_rewards(folder: Path) -> Path:
    original = toy_episode(folder / "original")
    reader = EpisodeReader(original)
    from vip_teleop.library.copying import raw_messages

    with EpisodeWriter(folder, "close_drawer", encoder="e@1") as writer:
        for topic, type_name, data, stamp_ns, publish_ns in raw_messages(original):
            writer.write_cdr(topic, type_name, data, stamp_ns, publish_ns)
        for row, stamp in enumerate(reader.stamps()):
            reward = Reward(goal="g", distance=1.0 - 0.05 * row, reward=0.05)
            reward.header.stamp = from_ns(stamp)
            writer.write("/vip/reward", reward, stamp)
        return writer.finish("success")
