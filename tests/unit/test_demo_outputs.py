"""What a demo leaves behind: the folder, the report, the picture and the film."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from vip_bringup.demo.film import Film, compose
from vip_bringup.demo.folder import prepare_folder
from vip_bringup.demo.report import EpisodeTrace, percentiles_ms, plot_rewards, write_report
from vip_ros.errors import UserError


def _trace(success: bool = True) -> EpisodeTrace:
    return EpisodeTrace(
        seed=7,
        success=success,
        outcome="success" if success else "timeout",
        duration=1.5,
        stamps=[0.0, 0.05, 0.10],
        distances=[4.0, 3.0, 1.0],
        rewards=[0.0, 1.0, 2.0],
        latencies=[0.030, 0.040],
    )


def test_report_counts_images_return_and_latency(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_report(path, {"task": "close_drawer"}, [_trace(), _trace(success=False)])
    report = json.loads(path.read_text())
    assert report["task"] == "close_drawer"
    assert report["latency_samples"] == 4
    assert report["latency_ms"]["p50"] == pytest.approx(35.0)
    first = report["episode_details"][0]
    assert (first["images"], first["return"], first["success"]) == (3, 3.0, True)
    assert "distances" not in first


def test_latency_of_nothing_is_null_not_zero() -> None:
    assert percentiles_ms([]) == {"p50": None, "p95": None, "p99": None}


def test_plot_is_a_picture_even_without_a_single_image(tmp_path: Path) -> None:
    path = tmp_path / "curve.png"
    plot_rewards(path, [_trace(), EpisodeTrace(seed=1)], "title")
    assert cv2.imread(str(path)).shape[2] == 3


def test_film_plays_back_with_every_picture(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    image = np.full((240, 320, 3), 90, np.uint8)
    with Film(path, 20, (480, 240)) as film:
        for count in range(5):
            film.add(compose(image, [4.0, 3.0, 2.0][:count], "caption", "1.0 s   success", (480, 240)))
    capture = cv2.VideoCapture(str(path))
    assert int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) == 5
    assert capture.read()[1].shape == (240, 480, 3)


def test_second_demo_clears_what_the_first_left_and_nothing_else(tmp_path: Path) -> None:
    folder = prepare_folder(tmp_path / "out")
    folder.report.write_text("{}")
    folder.demonstrations.mkdir()
    note = folder.root / "my_notes.txt"
    note.write_text("keep")
    prepare_folder(tmp_path / "out")
    assert not folder.report.exists()
    assert not folder.demonstrations.exists()
    assert note.read_text() == "keep"


def test_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(UserError, match="no demo made it"):
        prepare_folder(tmp_path)


def test_out_that_is_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(UserError, match="is a file"):
        prepare_folder(file)
