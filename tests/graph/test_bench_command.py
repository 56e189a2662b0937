"""vip bench from end to end with a tiny encoder: it measures, beside a real reward_node, and writes JSON."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from vip_bringup.cli import main

pytestmark = pytest.mark.graph

LIVE = {"bare_ms", "path_ms", "path_median_ratio", "path_p99_ratio", "node_ms", "node_median_ratio"}
OFFLINE = {"official_ratio", "official_distance_error", "best_fps", "offline_fps", "offline_ratio"}


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Return a folder of frames in which something moves."""
    folder = tmp_path / "film"
    folder.mkdir()
    for index in range(12):
        picture = np.full((60, 80, 3), 90, np.uint8)
        cv2.circle(picture, (10 + 5 * index, 30), 8, (30, 40, 220), -1)
        cv2.imwrite(str(folder / f"{index}.png"), picture)
    return folder


@pytest.mark.timeout(400)
def test_bench_measures_and_writes_json(
    ros_domain: int, vip_cache: Path, tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    card = tmp_path / "tiny.yaml"
    card.write_text(yaml.safe_dump({"architecture": "resnet18", "dim": 16, "resize": 40, "crop": 32}))
    monkeypatch.setattr("vip_bringup.commands.bench._QUICK", 0.1)
    monkeypatch.setattr("vip_models.tuning._SECONDS", 0.0)
    out = tmp_path / "bench.json"
    arguments = ["--quick", "--encoder", str(card), "--frames", str(film), "--json", str(out)]
    assert main(["bench", *arguments]) == 0
    report = json.loads(out.read_text())
    (encoder,) = report["encoders"]
    assert set(encoder["figures"]) >= LIVE | OFFLINE
    assert all(found["value"] >= 0.0 for found in encoder["figures"].values())
    assert encoder["weights"] == "random"
    assert report["machine"]["cores"] >= 1
    assert len(report["load"]) == 2
    printed = capsys.readouterr().out
    assert "load average" in printed
    assert "random weights: speed only" in printed


def test_a_node_that_does_not_start_is_told_in_one_line(
    ros_domain: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vip_bringup.bench.footage import messages
    from vip_bringup.bench.graph import BenchGraph
    from vip_bringup.bench.node_path import RewardProcess
    from vip_bringup.bench.subject import Subject
    from vip_ros.errors import UserError

    frames = np.zeros((2, 48, 64, 3), np.uint8)
    subject = Subject("no-such-encoder", None, tmp_path / "none.pt", "random", "cpu", "")  # type: ignore[arg-type]
    image = messages(frames, 1)[0]
    with (
        BenchGraph() as graph,
        pytest.raises(UserError, match="unknown encoder"),
        RewardProcess(graph, subject, frames[0], image),
    ):
        pass
