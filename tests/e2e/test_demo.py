"""The main job through the command a person types, small by default and whole with --all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest


def _demo(out: Path, *arguments: str, limit: float) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "vip_bringup.cli", "demo", "--out", str(out), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=limit, env=dict(os.environ))


@pytest.mark.graph
@pytest.mark.timeout(400)
def test_small_demo_runs_the_whole_path_and_writes_its_report(tmp_path: Path, ros_domain: int) -> None:
    out = tmp_path / "demo"
    result = _demo(out, "--demonstrations", "3", "--episodes", "1", "--timeout", "6", limit=380)
    assert result.returncode == 0, result.stdout + result.stderr
    report = json.loads((out / "report.json").read_text())
    assert report["task"] == "close_drawer"
    assert report["encoder"].startswith("vip-sim@")
    assert (report["demonstrations"], report["episodes"]) == (3, 1)
    assert 0 <= report["wilson95"][0] <= report["wilson95"][1] <= 1
    assert report["latency_samples"] > 5
    assert 0 < report["latency_ms"]["p50"] < 1000
    assert cv2.imread(str(out / "reward_curve.png")) is not None
    assert cv2.VideoCapture(str(out / "rollout.mp4")).read()[0]


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.graph
@pytest.mark.timeout(1200)
def test_twenty_demonstrations_close_the_drawer_eight_times_of_ten(tmp_path: Path, ros_domain: int) -> None:
    out = tmp_path / "demo"
    result = _demo(out, limit=1100)
    assert result.returncode == 0, result.stdout + result.stderr
    report = json.loads((out / "report.json").read_text())
    assert report["episodes"] >= 10
    assert report["successes"] >= 8


def test_unknown_task_is_answered_with_those_that_exist(tmp_path: Path) -> None:
    result = _demo(tmp_path / "demo", "--task", "CloseDrawr", limit=60)
    assert result.returncode == 2
    assert "close_drawer" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "demo").exists()
