"""`vip encode` as a user types it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from clips import write_video

from vip_bringup import cli


@pytest.fixture
def clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return write_video(tmp_path / "clip.avi", 4)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["/nowhere/clip.mp4"], "no such file or folder: /nowhere/clip.mp4"),
        (["CLIP", "--encoder", "vip-resnet51"], "did you mean 'vip-resnet50'"),
        (["CLIP", "--encoder", "vip-resnet18", "--weights", "/nowhere/w.pt"], "/nowhere/w.pt"),
        (["CLIP", "--goal", "/nowhere/goal.png"], "/nowhere/goal.png"),
        (["CLIP", "--batch", "0"], "--batch"),
        (["CLIP", "--rate", "-1"], "--rate"),
        (["CLIP", "--reached-progress", "2"], "--reached-progress"),
        (["CLIP", "--encoder", "vip-sim,vip-resnet51"], "did you mean 'vip-resnet50'"),
        (["CLIP", "--encoder", "vip-sim,vip-sim", "--weights", "w.pt"], "NAME=FILE"),
        (["CLIP", "--goal", "nowhere"], "no goal 'nowhere'"),
        (["CLIP", "--goal", "text:close it"], "clip-rn50"),
        ([], "INPUT"),
    ],
)
def test_mistakes_end_in_one_line(
    clip: Path,
    sim_cache: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    line: str,
) -> None:
    arguments = [str(clip) if word == "CLIP" else word for word in arguments]
    assert cli.main(["encode", *arguments, "--out", str(tmp_path / "out")]) == cli.EXIT_USER
    error = capsys.readouterr().err
    assert line in error
    assert error.count("\n") == 1


def test_shipped_encoder_encodes_a_video(
    clip: Path, sim_cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["encode", str(clip), "--out", str(tmp_path / "out")]) == 0
    assert "4 frames" in capsys.readouterr().out
    arrays = np.load(tmp_path / "out" / "clip.npz", allow_pickle=False)
    assert str(arrays["encoder"]).startswith("vip-sim@")
    assert arrays["embeddings"].dtype == np.float32


def test_failed_input_is_told_and_the_others_are_done(
    clip: Path, sim_cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"nothing")
    assert cli.main(["encode", str(bad), str(clip), "--out", str(tmp_path / "out")]) == cli.EXIT_USER
    error = capsys.readouterr().err
    assert "bad.mp4" in error
    assert "1 of 2 inputs" in error
    assert (tmp_path / "out" / "clip.npz").is_file()


def test_several_encoders_are_compared_in_one_table_and_one_picture(
    clip: Path, sim_cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["--encoder", "vip-sim,vip-sim", "--encoder", "vip-resnet18=/nowhere/w.pt"]
    assert cli.main(["encode", str(clip), *words, "--out", str(out)]) == cli.EXIT_USER
    captured = capsys.readouterr()
    assert captured.out.splitlines()[2].startswith("| vip-sim   | clip  |")
    assert captured.out.splitlines()[3].startswith("| vip-sim-2 | clip  |")
    assert "/nowhere/w.pt" in captured.err
    made = {path.name for path in out.iterdir()}
    assert made == {"vip-sim", "vip-sim-2", "compare.csv", "compare.json", "compare.md", "compare.png"}
