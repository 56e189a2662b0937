"""Several encoders on the same videos: the table, the picture, and what fails."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from clips import write_video
from fakes import MeanColour

from vip_models.goals import Goal, save_goal
from vip_reward_node.compare import Row, compare_encoders, markdown
from vip_reward_node.compare_plot import COLOURS, ComparedCurve, Panel, save_panels
from vip_reward_node.encode import EncodeRequest
from vip_reward_node.reward import RewardForm
from vip_reward_node.video import TimedFrame
from vip_ros.errors import UserError


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("videos")
    return [write_video(folder / "a.avi", 5), write_video(folder / "b.avi", 9)]


def encoders() -> dict[str, Callable[[], MeanColour]]:
    return {"small": lambda: MeanColour("small"), "large": lambda: MeanColour("large", 3.0)}


def missing() -> MeanColour:
    raise UserError("no weights for 'gone'", "fetch them")


@dataclass
class Compared:
    """What comparing both encoders on both videos gave, wrote and told."""

    rows: list[Row]
    out: Path
    told: list[tuple[str, str, int, int]]


@pytest.fixture(scope="module")
def compared(videos: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Compared:
    out, told = tmp_path_factory.mktemp("compared"), []
    comparison = compare_encoders(EncodeRequest(videos, out), encoders(), lambda *report: told.append(report))
    assert comparison.failures == []
    return Compared(comparison.rows, out, told)


def test_table_has_a_row_per_encoder_and_video_and_a_mean(compared: Compared) -> None:
    assert [(row.encoder, row.video) for row in compared.rows] == [
        (encoder, video) for encoder in ("small", "large") for video in ("a", "b", "mean")
    ]
    first, second, mean, large = compared.rows[:4]
    assert large.initial_distance == pytest.approx(3.0 * first.initial_distance)
    assert (first.bumps, first.final_distance, first.frames) == (0.0, 0.0, 5)
    assert mean.initial_distance == pytest.approx((first.initial_distance + second.initial_distance) / 2)
    assert mean.frames == 14


def test_files_hold_the_same_table(compared: Compared) -> None:
    out = compared.out
    assert json.loads((out / "compare.json").read_text())["rows"] == [vars(row) for row in compared.rows]
    with (out / "compare.csv").open() as file:
        table = list(csv.DictReader(file))
    assert [float(line["voc"]) for line in table] == [row.voc for row in compared.rows]
    assert (out / "compare.md").read_text() == markdown(compared.rows)
    for label in ("small", "large"):
        arrays = np.load(out / label / "b.npz", allow_pickle=False)
        assert str(arrays["encoder"]) == f"{label}@000000000000"


def test_table_is_markdown_with_even_columns(compared: Compared) -> None:
    lines = markdown(compared.rows).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[0].startswith("| encoder | video | bumps |")
    assert set(lines[1]) <= set("|-: ")
    assert len(lines) == 2 + 6


def test_picture_has_a_colour_per_encoder(compared: Compared) -> None:
    picture = cv2.imread(str(compared.out / "compare.png"))[..., ::-1]
    for colour in COLOURS[:2]:
        rgb = [int(colour[start : start + 2], 16) for start in (1, 3, 5)]
        assert (np.abs(picture.astype(int) - rgb).max(axis=-1) < 8).sum() > 100


def test_progress_names_the_encoder(compared: Compared) -> None:
    assert compared.told[0] == ("small", "a", 5, 5)
    assert compared.told[-1] == ("large", "b", 9, 9)


@pytest.mark.parametrize("count", [1, 4, 7])
def test_picture_holds_any_number_of_videos_and_encoders(tmp_path: Path, count: int) -> None:
    frames = [TimedFrame(np.full((6, 8, 3), 90, np.uint8), stamp / 4.0) for stamp in range(13)]
    stamps = np.arange(13) / 4.0
    curves = [ComparedCurve(f"encoder-{n}", stamps, 3.0 - stamps * n / 40.0) for n in range(9)]
    curves.append(ComparedCurve("failed", np.empty(0), np.empty(0)))
    goal = frames[-1].rgb if count % 2 else None
    panels = [Panel(f"video {n}", curves, frames[: 1 + 2 * n], goal, goal is None) for n in range(count)]
    # An encoder that failed on one video has done another.
    panels[0] = Panel("first", [*curves[:-1], ComparedCurve("failed", stamps, stamps)], frames)
    save_panels(panels, tmp_path / "panels.png")
    assert cv2.imread(str(tmp_path / "panels.png")).std() > 5.0


def test_curves_are_compared_without_their_units() -> None:
    curve = ComparedCurve("e", np.arange(3.0), np.array([4.0, 2.0, 1.0]))
    assert curve.normalised.tolist() == [1.0, 0.5, 0.25]
    assert ComparedCurve("e", np.arange(2.0), np.array([0.0, 1.0])).normalised.tolist() == [0.0, 1.0]


def test_encoder_that_cannot_be_loaded_or_take_the_goal_does_not_keep_the_others(
    videos: list[Path], tmp_path: Path
) -> None:
    path = save_goal(Goal("goal", "small@000000000000", np.zeros(3)), tmp_path / "goal.npz")
    request = EncodeRequest(videos[:1], tmp_path / "out", str(path))
    comparison = compare_encoders(request, {"gone": missing, **encoders()})
    assert comparison.failures[0] == "no weights for 'gone': fetch them"
    assert "small@000000000000" in comparison.failures[1]
    assert "large@000000000000" in comparison.failures[1]
    assert [(row.encoder, row.video) for row in comparison.rows] == [("small", "a")]


def test_no_encoder_that_works_is_an_error(videos: list[Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no weights for 'gone'"):
        compare_encoders(EncodeRequest(videos, tmp_path), {"gone": missing})


def test_a_bad_video_is_told_once_and_the_form_of_rewards_leaves_the_figures(
    compared: Compared, videos: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"nothing")
    inputs = [tmp_path / "bad.mp4", videos[0]]
    request = EncodeRequest(inputs, tmp_path / "out", form=RewardForm(normalise=True))
    comparison = compare_encoders(request, encoders())
    assert len(comparison.failures) == 1
    assert [row.video for row in comparison.rows] == ["a", "a"]
    plain = compared.rows[0]
    row = comparison.rows[0]
    assert (row.bumps, row.voc, row.initial_distance) == (plain.bumps, plain.voc, plain.initial_distance)
