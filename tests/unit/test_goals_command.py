"""`vip goals` as a user types it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from clips import write_png, write_video

from vip_bringup import cli
from vip_models.goals import Goal, GoalLibrary, load_goal, save_goal

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return what runs `vip goals` on a library of its own and gives status, output and complaint."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    def call(*words: object) -> tuple[int, str, str]:
        status = cli.main(["goals", *map(str, words), "--goals-dir", str(tmp_path / "goals")])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.fixture
def library(tmp_path: Path) -> GoalLibrary:
    library = GoalLibrary(tmp_path / "goals")
    image = np.full((6, 8, 3), 50, np.uint8)
    library.save(Goal("closed", "encoder@0123456789ab", np.zeros(4), image, threshold=2.5))
    return library


def test_empty_library_says_how_to_fill_it(run: Run) -> None:
    status, out, _ = run("list")
    assert status == 0
    assert "vip goals make" in out


def test_list_names_goals_and_their_encoders(run: Run, library: GoalLibrary) -> None:
    library.path("broken").write_bytes(b"nothing")
    _, out, _ = run("list")
    assert "closed  encoder@0123456789ab  4-d  l2" in out
    assert "broken  unreadable" in out


def test_show_tells_all_and_writes_the_image(run: Run, library: GoalLibrary, tmp_path: Path) -> None:
    _, out, _ = run("show", "closed", "--image", tmp_path / "goal.png")
    assert "reached at distance: 2.5" in out
    assert "image: 8x6" in out
    assert cv2.imread(str(tmp_path / "goal.png")).tolist() == np.full((6, 8, 3), 50).tolist()


def test_delete_removes(run: Run, library: GoalLibrary) -> None:
    assert run("delete", "closed")[0] == 0
    assert library.names() == []


def test_import_takes_a_goal_file_or_a_bundle(run: Run, library: GoalLibrary, tmp_path: Path) -> None:
    save_goal(Goal("bundled", "encoder@0", np.ones(4)), tmp_path / "policy")
    assert run("import", tmp_path / "policy")[0] == 0
    assert run("import", tmp_path / "policy" / "goal.npz", "--name", "again")[0] == 0
    assert library.names() == ["again", "bundled", "closed"]
    assert library.load("again").name == "again"


def test_goals_are_made_of_images_and_of_demonstrations(run: Run, sim_cache: Path, tmp_path: Path) -> None:
    picture = write_png(tmp_path / "goal.png", (9, 9, 9), size=(64, 48))
    clip = write_video(tmp_path / "clip.avi", 30)
    assert run("make", "mean", picture, clip)[0] == 0
    status, out, _ = run("make", "stages", "--uvd", clip, "--min-interval", "4", "--smoothing", "none")
    assert status == 0
    assert "subgoals" in out
    goal = load_goal(tmp_path / "goals" / "mean.npz")
    assert (goal.name, goal.subgoals) == ("mean", None)
    assert goal.threshold > 0.0
    stages = load_goal(tmp_path / "goals" / "stages.npz").subgoals
    assert stages.budgets.sum() == 30
    assert run("show", "stages")[1].count("at 10 Hz") == 1


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["show", "../closed"], "not a goal name"),
        (["delete", "../../closed"], "not a goal name"),
        (["make", "a/b", "x.png"], "not a goal name"),
        (["show", "open"], "available: closed"),
        (["make", "closed", "x.png"], "--replace"),
        (["make", "new"], "made of one thing"),
        (["make", "new", "x.png", "--text", "words"], "made of one thing"),
        (["make", "new", "x.png", "--encoder", "vip-resnet51"], "did you mean 'vip-resnet50'"),
        (["make", "new", "--uvd", "x.mp4", "--min-interval", "0"], "minimum interval"),
        (["import", "/nowhere"], "no goal file /nowhere"),
        (["paint"], "invalid choice: 'paint'"),
    ],
)
def test_mistakes_end_in_one_line(run: Run, library: GoalLibrary, words: list[str], line: str) -> None:
    status, _, error = run(*words)
    assert status == cli.EXIT_USER
    assert line in error
    assert error.count("\n") == 1
