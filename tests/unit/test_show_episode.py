"""`vip show`: an episode as curves and texts, and as a recording that Rerun opens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from support.episodes import START_NS, toy_episode
from vip_interfaces.msg import GuardState, Reward

from vip_bringup import cli
from vip_bringup.episode_tracks import read_tracks
from vip_ros.images import array_to_image
from vip_teleop.episode_reader import EpisodeReader
from vip_teleop.episode_writer import EpisodeWriter

LIMIT = 60.0  # s


@pytest.fixture
def episode(tmp_path: Path) -> Path:
    """Return an episode with rewards, a goal picture and a guard that changes its mind once."""
    with EpisodeWriter(tmp_path, "task") as writer:
        picture = array_to_image(np.full((24, 32, 3), 90, np.uint8), Time(sec=START_NS // 10**9), "camera")
        writer.write("/vip/goal_image", picture, START_NS)
        for row, mode in enumerate(("HOLD", "HOLD", "FAULT")):
            at = START_NS + row * 100_000_000
            fault = "image_stale" if mode == "FAULT" else ""
            picture.header.stamp = Time(sec=at // 10**9, nanosec=at % 10**9)
            writer.write("/camera/image_raw", picture, at)
            writer.write("/vip/reward", Reward(distance=3.0 - row, progress=0.1 * row), at)
            writer.write("/franka/guard_state", GuardState(mode_name=mode, fault=fault), at)
        return writer.finish("success")


def test_curves_begin_with_the_episode_and_the_guard_is_told_where_it_changes(episode: Path) -> None:
    tracks = read_tracks(EpisodeReader(episode))
    times, values = tracks.arrays()["distance"]
    assert np.allclose(times, [0.0, 0.1, 0.2]) and values.tolist() == [3.0, 2.0, 1.0]
    assert [text for _, text in tracks.guard] == ["HOLD", "FAULT: image_stale, "]
    assert tracks.guard[1][0] == pytest.approx(0.2)


def test_joints_are_curves_measured_and_commanded(tmp_path: Path) -> None:
    curves = read_tracks(EpisodeReader(toy_episode(tmp_path))).arrays()
    assert len(curves["joints/measured/panda_joint1"][0]) == 12
    assert "joints/commanded/panda_joint7" in curves and "distance" not in curves


def test_a_recording_holds_pictures_curves_and_texts(episode: Path, tmp_path: Path) -> None:
    pytest.importorskip("rerun", reason="rerun-sdk (extra rerun) is not installed")
    file = tmp_path / "episode.rrd"
    assert cli.main(["show", str(episode), "--save", str(file)]) == 0
    command = [sys.executable, "-m", "rerun", "rrd", "print", str(file)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=True).stdout
    for path in ("camera", "goal", "distance", "progress", "reward", "guard", "about"):
        assert re.search(rf"/{path}\b", told), path


def test_a_missing_rerun_is_named_with_how_to_get_it(
    episode: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "rerun", None)
    assert cli.main(["show", str(episode)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "pip install" in error


@pytest.mark.parametrize("words", [["nowhere"], ["{episode}", "--save", "no/such/folder/x.rrd"]])
def test_a_wrong_path_is_one_line(
    words: list[str], episode: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("rerun", reason="rerun-sdk (extra rerun) is not installed")
    assert cli.main(["show", *(word.format(episode=episode) for word in words)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
