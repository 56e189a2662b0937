"""LeRobot v3 datasets: what is exported is what was recorded, at its true times, and comes back."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sensor_msgs.msg import JointState
from support import lerobot_tool
from vip_interfaces.msg import Reward

from vip_bringup.cli import main
from vip_ros.errors import UserError
from vip_ros.images import array_to_image
from vip_ros.stamps import from_ns
from vip_teleop.episode import load_info
from vip_teleop.episode_reader import EpisodeReader
from vip_teleop.episode_writer import EpisodeWriter

pyarrow = pytest.importorskip("pyarrow", reason="pyarrow (the lerobot extra) is not installed")

START = 1_700_000_000_123_456_789
JOINTS = [*(f"panda_joint{i}" for i in range(1, 8)), "panda_finger_joint1", "panda_finger_joint2"]


def _stamps(rows: int, seed: int) -> np.ndarray:
    """Return the uneven times of a real camera, ns: about 20 Hz with jitter and one dropped frame."""
    steps = 50_000_000 + np.random.default_rng(seed).integers(-8_000_000, 8_000_000, rows)
    steps[rows // 2] += 50_000_000
    return START + seed * 10**10 + np.cumsum(steps)


def _frame(row: int) -> np.ndarray:
    """Return a smooth picture that tells its row, so that the video's losses do not hide a shift."""
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[..., 0] = np.linspace(0, 200, 64).astype(np.uint8)
    pixels[:, : 4 * (row % 16) + 4, 1] = 180
    return pixels


def _episode(folder: Path, rows: int = 12, seed: int = 0, rewards: bool = True, success: bool = True) -> Path:
    with EpisodeWriter(folder, "close_drawer", seed=seed) as writer:
        for row, stamp in enumerate(_stamps(rows, seed).tolist()):
            state = JointState(name=JOINTS, position=[0.01 * row + k for k in range(7)] + [0.02, 0.02])
            state.header.stamp = from_ns(stamp)
            writer.write("/joint_states", state, stamp)
            writer.write("/camera/image_raw", array_to_image(_frame(row), from_ns(stamp), "c"), stamp)
            writer.write("/franka/joint_command", state, stamp)
            if rewards:
                reward = Reward(reward=0.1 * row)
                reward.header.stamp = from_ns(stamp)
                writer.write("/vip/reward", reward, stamp)
        return writer.finish("success" if success else "failure")


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    for seed in range(2):
        _episode(tmp_path / "episodes", rows=12 + seed, seed=seed, success=seed == 0)
    out = tmp_path / "dataset"
    assert main(["export", "--episodes", str(tmp_path / "episodes"), "--out", str(out)]) == 0
    return out


def _rows(dataset: Path, episode: int) -> dict[str, np.ndarray]:
    table = pyarrow.parquet.read_table(dataset / f"data/chunk-000/file-{episode:03d}.parquet")
    return {name: np.array(table[name].to_pylist()) for name in table.column_names}


def test_info_has_the_version_the_counts_and_every_column(dataset: Path) -> None:
    info = json.loads((dataset / "meta/info.json").read_text())
    assert (info["codebase_version"], info["fps"]) == ("v3.0", 20)
    assert (info["total_episodes"], info["total_frames"], info["total_tasks"]) == (2, 25, 1)
    columns = {name for name, feature in info["features"].items() if feature["dtype"] != "video"}
    assert columns == set(_rows(dataset, 0))
    assert info["features"]["observation.state"]["names"] == JOINTS
    assert info["features"]["action"]["names"] == [*JOINTS[:7], "gripper_width"]
    figures = json.loads((dataset / "meta/stats.json").read_text())
    assert np.shape(figures["observation.images.front"]["mean"]) == (3, 1, 1)
    assert figures["timestamp"]["count"] == [25]


def test_times_are_the_cameras_and_rewards_are_a_column(dataset: Path) -> None:
    for episode in range(2):
        rows, stamps = _rows(dataset, episode), _stamps(12 + episode, episode)
        assert rows["observation.stamp_ns"].tolist() == stamps.tolist()
        assert rows["timestamp"] == pytest.approx((stamps - stamps[0]) * 1e-9, abs=1e-6)
        assert rows["next.reward"] == pytest.approx([*(0.1 * np.arange(1, 12 + episode)), 0.0])
        assert rows["observation.state"][:, 0] == pytest.approx(0.01 * np.arange(12 + episode), abs=1e-6)
        assert rows["action"][:-1, 0] == pytest.approx(0.01 * np.arange(1, 12 + episode), abs=1e-6)
        assert rows["action"][:, 7] == pytest.approx(0.04)
        assert rows["next.done"].tolist() == [False] * (11 + episode) + [True]
        assert rows["next.success"][-1] == (episode == 0)


def test_exported_dataset_comes_back_as_episodes(dataset: Path, tmp_path: Path) -> None:
    assert main(["episodes", "import", str(dataset), "--out", str(tmp_path / "back")]) == 0
    for episode, outcome in enumerate(("success", "failure")):
        original = EpisodeReader(tmp_path / "episodes" / f"close_drawer_{episode:04d}")
        back = EpisodeReader(tmp_path / "back" / f"close_drawer_{episode:04d}")
        assert load_info(back.path).outcome == outcome
        stamps, frames = back.frames()
        known = original.frames()
        assert np.array_equal(stamps, known[0])
        assert np.abs(frames.astype(int) - known[1]).mean() < 6  # H.264 is not without loss
        assert back.joint_states().names == JOINTS
        assert np.allclose(back.joint_states().position, original.joint_states().position, atol=1e-6)


def test_rewards_of_some_episodes_only_make_no_column(tmp_path: Path) -> None:
    _episode(tmp_path / "e", seed=0)
    _episode(tmp_path / "e", seed=1, rewards=False)
    assert main(["export", "--episodes", str(tmp_path / "e"), "--out", str(tmp_path / "d")]) == 0
    assert "next.reward" not in _rows(tmp_path / "d", 0)


def test_mistakes_are_one_line_and_leave_nothing(tmp_path: Path) -> None:
    from vip_teleop.lerobot.export import export
    from vip_teleop.lerobot.importing import Dataset

    with pytest.raises(UserError, match="no episodes"):
        export([], tmp_path / "d")
    episode = _episode(tmp_path / "e")
    (tmp_path / "there").mkdir()
    with pytest.raises(UserError, match="exists"):
        export([episode], tmp_path / "there")
    (episode / "episode.mcap").write_bytes((episode / "episode.mcap").read_bytes()[:3000])
    with pytest.raises(UserError, match="damaged"):
        export([episode], tmp_path / "d")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["e", "there"]
    with pytest.raises(UserError, match="not a LeRobot dataset"):
        Dataset(tmp_path)


@pytest.mark.parametrize("pattern", ["../../{chunk_index}", "/etc/hostname", "{chunk_index.x}", "{0}", 3])
def test_dataset_that_names_files_outside_of_it_is_refused(
    dataset: Path, tmp_path: Path, pattern: object, capsys: pytest.CaptureFixture[str]
) -> None:
    info = json.loads((dataset / "meta/info.json").read_text())
    for key in ("data_path", "video_path"):
        (dataset / "meta/info.json").write_text(json.dumps({**info, key: pattern}))
        assert main(["episodes", "import", str(dataset), "--out", str(tmp_path / "back")]) == 2
        assert f"the dataset's {key}" in capsys.readouterr().err


def _change_rows(path: Path, change: Callable[[list[dict]], list]) -> None:
    rows = pyarrow.parquet.read_table(path).to_pylist()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(change(rows)), path)


@pytest.mark.parametrize(
    "change",
    [
        lambda info: [],
        lambda info: None,
        lambda info: {**info, "features": []},
        lambda info: {**info, "features": None},
        lambda info: {**info, "features": {**info["features"], "action": 3}},
        lambda info: {**info, "features": {**info["features"], "action": {"names": 3}}},
        lambda info: {**info, "features": {**info["features"], "action": {"names": {}}}},
        lambda info: {**info, "features": {**info["features"], "action": {"names": None, "shape": []}}},
        lambda info: {**info, "features": {**info["features"], "action": {"names": ["one"]}}},
        lambda info: {**info, "features": {"x": "y"}},
    ],
)
def test_info_of_another_structure_is_one_line(
    dataset: Path, tmp_path: Path, change: Callable[[dict], object], capsys: pytest.CaptureFixture[str]
) -> None:
    info = json.loads((dataset / "meta/info.json").read_text())
    (dataset / "meta/info.json").write_text(json.dumps(change(info)))
    assert main(["episodes", "import", str(dataset), "--out", str(tmp_path / "back")]) == 2
    told = capsys.readouterr().err
    assert "dataset" in told and "unexpected" not in told


def _without(*names: str) -> Callable[[list[dict]], list]:
    return lambda rows: [{key: row[key] for key in row if key not in names} for row in rows]


def _with(**values: object) -> Callable[[list[dict]], list]:
    return lambda rows: [{**row, **values} for row in rows]


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("meta/episodes", _without("data/chunk_index")),
        ("meta/episodes", _without("episode_index")),
        ("meta/episodes", _without("tasks")),
        ("meta/episodes", _without("videos/observation.images.front/chunk_index")),
        ("meta/episodes", _with(tasks=[])),
        ("meta/episodes", _with(**{"data/chunk_index": "x"})),
        ("meta/episodes", _with(**{"videos/observation.images.front/to_timestamp": "x"})),
        ("data", _without("timestamp")),
        ("data", _without("action")),
        ("data", _with(action="x")),
        ("data", _with(action=[[1.0] * 8])),
        ("data", _with(timestamp=float("nan"))),
        ("data", _with(timestamp="x")),
        ("data", _with(**{"observation.stamp_ns": -1})),
        ("data", _with(**{"observation.stamp_ns": "x"})),
        ("data", lambda rows: rows[:0] or [{**rows[0], "episode_index": 77}]),
    ],
)
def test_rows_of_another_structure_are_one_line(
    dataset: Path,
    tmp_path: Path,
    file: str,
    change: Callable[[list[dict]], list],
    capsys: pytest.CaptureFixture[str],
) -> None:
    _change_rows(dataset / file / "chunk-000/file-000.parquet", change)
    assert main(["episodes", "import", str(dataset), "--out", str(tmp_path / "back")]) == 2
    told = capsys.readouterr().err
    assert "dataset" in told and "unexpected" not in told


@pytest.fixture(scope="module")
def lerobot() -> Callable[..., None]:
    """Return what runs LeRobot's own code: with the Python that LEROBOT_PYTHON names, or this one."""
    python = os.environ.get("LEROBOT_PYTHON", "")
    if not python and importlib.util.find_spec("lerobot") is None:
        pytest.skip("lerobot is not installed, and LEROBOT_PYTHON names no Python that has it")

    def run(*words: object) -> None:
        # Apart from this project: neither its path nor its environment.
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        command = [python or sys.executable, lerobot_tool.__file__, *map(str, words)]
        subprocess.run(command, check=True, env={**clean, "HF_HUB_OFFLINE": "1"}, timeout=110)

    return run


def test_lerobots_own_loader_opens_the_dataset(
    dataset: Path, tmp_path: Path, lerobot: Callable[..., None]
) -> None:
    lerobot("read", dataset, tmp_path / "read.npz")
    read = np.load(tmp_path / "read.npz")
    assert read["counts"].tolist() == [2, 25, 20] and set(read["task"]) == {"close_drawer"}
    for episode, begin, length in ((0, 0, 12), (1, 12, 13)):
        part = slice(begin, begin + length)
        stamps = _stamps(length, episode)
        assert read["timestamp"][part] == pytest.approx((stamps - stamps[0]) * 1e-9, abs=1e-6)
        assert read["observation.stamp_ns"][part].ravel().tolist() == stamps.tolist()
        assert read["next.reward"][part].ravel() == pytest.approx([*(0.1 * np.arange(1, length)), 0.0])
        assert read["action"][part][:-1, 0] == pytest.approx(0.01 * np.arange(1, length), abs=1e-6)
        pixels = read["observation.images.front"][part].transpose(0, 2, 3, 1) * 255
        assert np.abs(pixels - np.stack([_frame(row) for row in range(length)])).mean((1, 2, 3)).max() < 6


def test_dataset_of_lerobots_own_recorder_becomes_episodes(
    tmp_path: Path, lerobot: Callable[..., None]
) -> None:
    lerobot("write", tmp_path / "theirs")
    assert main(["episodes", "import", str(tmp_path / "theirs"), "--out", str(tmp_path / "back")]) == 0
    names = ("close_the_drawer_0000", "open_it_0000")
    for episode, (name, length) in enumerate(zip(names, lerobot_tool.LENGTHS, strict=True)):
        back = EpisodeReader(tmp_path / "back" / name)
        stamps, frames = back.frames()
        rows = [lerobot_tool.row(episode, index) for index in range(length)]
        assert np.diff(stamps) == pytest.approx(1e9 / lerobot_tool.FPS, abs=1e3)
        assert np.abs(frames - np.stack([row[lerobot_tool.CAMERA] for row in rows]).astype(int)).mean() < 6
        states, commands = back.joint_states(), back.joint_commands()
        assert states.names == ["first", "second"]
        assert np.array_equal(states.position, [row["observation.state"] for row in rows])
        assert np.array_equal(commands.position, [row["action"] for row in rows])
