"""LeRobot v3 datasets: what is exported is what was recorded, at its true times, and comes back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sensor_msgs.msg import JointState
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


def test_lerobots_own_loader_opens_the_dataset(dataset: Path) -> None:
    pytest.importorskip("lerobot", reason="lerobot is not installed")
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    loaded = LeRobotDataset("local/episodes", root=dataset, video_backend="pyav")
    assert (loaded.num_episodes, loaded.num_frames) == (2, 25)
    for index in range(25):
        item = loaded[index]
        episode, row = (0, index) if index < 12 else (1, index - 12)
        stamps = _stamps(12 + episode, episode)
        assert float(item["timestamp"]) == pytest.approx((stamps[row] - stamps[0]) * 1e-9, abs=1e-6)
        assert item["task"] == "close_drawer"
        pixels = (item["observation.images.front"].numpy().transpose(1, 2, 0) * 255).round()
        assert np.abs(pixels - _frame(row)).mean() < 6
    assert float(loaded[3]["next.reward"]) == pytest.approx(0.4)
