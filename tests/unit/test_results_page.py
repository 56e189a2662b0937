"""docs/results.md is what the files of figures say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure as Figure2D

from vip_bringup.bench.figures import EncoderFigures, Figure, Report
from vip_bringup.results.drawing import draw_lines
from vip_bringup.results.page import image_name, main, page, sections
from vip_bringup.results.reading import read_section
from vip_bringup.results.section import Plot, Section
from vip_ros.errors import UserError

DOCS = Path(__file__).resolve().parents[2] / "docs"
TABLE = {
    "title": "Ways",
    "columns": ["way", "x", "ms", "from", "to"],
    "rows": [["a|b", 1, 12.3456, 10.0, 15.0], ["b", 2, None, None, None]],
    "command": "measure --all",
    "machine": "a PC",
    "load": "0.3",
}


def _write(folder: Path, name: str, values: Any) -> Path:
    path = folder / f"{name}.json"
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


def test_the_page_is_what_the_figures_say() -> None:
    found = sections(DOCS / "results")
    assert (DOCS / "results.md").read_text(encoding="utf-8") == page(found), (
        "make it anew: .venv/bin/python -m vip_bringup.results.page"
    )
    missing = [stem for stem, section in found.items() if section.plot and not _image(stem).is_file()]
    assert not missing


def _image(stem: str) -> Path:
    return DOCS / "images" / image_name(stem)


def test_a_table_is_shown_with_its_command_and_machine(tmp_path: Path) -> None:
    _write(tmp_path, "1-ways", TABLE)
    text = page(sections(tmp_path))
    assert "| a\\|b | 1 | 12.3 | 10 | 15 |" in text and "| b | 2 | – | – | – |" in text
    assert "|---|---:|---:|---:|---:|" in text
    assert "Measured on a PC, load 0.3." in text and "Made by `measure --all`." in text


_CELL = {
    "task": "close_drawer", "method": "rwr", "encoder": "vip-sim", "demonstrations": 20, "failures": 0,
    "tau": None, "episodes": 100, "success_rate": 0.94, "wilson95": [0.876, 0.972],
}  # fmt: skip


def test_a_sweep_is_shown_and_drawn_cell_by_cell(tmp_path: Path) -> None:
    section = read_section(_write(tmp_path, "20-few-demonstrations", {"cells": [_CELL], "skipped": []}))
    assert section.plot is not None
    assert "| close_drawer, rwr, vip-sim | 20 | 0 | – | 100 | 94 | 87.6 | 97.2 |" in page({"20": section})


def test_a_cell_with_failures_in_its_data_has_a_bar_of_another_name(tmp_path: Path) -> None:
    cells = [_CELL, {**_CELL, "demonstrations": 10, "failures": 20}]
    names = read_section(_write(tmp_path, "20-few", {"cells": cells})).column("cell")
    assert names == ["close_drawer, rwr, vip-sim", "close_drawer, rwr, vip-sim, 20 failures"]


@pytest.mark.parametrize(
    ("option", "values", "axis", "command"),
    [
        ("demonstrations", (50, 5), "demonstrations", " --demonstrations 5 50"),
        ("tau", (1.0, 0.3), "τ", " --tau 0.3 1"),
        ("failures", (0, 20), "cell", " --failures N"),
    ],
)
def test_cells_that_differ_in_an_amount_are_drawn_over_it(
    tmp_path: Path, option: str, values: tuple[float, ...], axis: str, command: str
) -> None:
    cells = [{**_CELL, "task": task, option: value} for task in ("a", "b") for value in values]
    section = read_section(_write(tmp_path, "23-amounts", {"cells": cells}))
    assert section.plot is not None and section.plot.label == axis
    assert section.command == f"vip sweep --out table --task T --method M{command} --episodes N"


def test_a_method_without_a_temperature_is_no_point_of_a_line(tmp_path: Path) -> None:
    cells = [{**_CELL, "tau": tau} for tau in (0.0, 1.0)] + [{**_CELL, "method": "bc"}]
    section = read_section(_write(tmp_path, "tau", {"cells": cells}))
    assert section.plot is not None and section.plot.label == "τ"
    axes = Figure2D().add_subplot()
    draw_lines(axes, section, section.plot)
    assert [len(line.get_xdata()) for line in axes.lines] == [2, 0]


def test_trainings_of_several_seeds_are_told_apart(tmp_path: Path) -> None:
    cells = [{**_CELL, "train_seed": seed} for seed in (0, 1)]
    section = read_section(_write(tmp_path, "seeds", {"cells": cells}))
    assert section.column("cell") == ["close_drawer, rwr, vip-sim", "close_drawer, rwr, vip-sim, seed 1"]
    assert "--train-seed 0 1" in section.command


def test_a_line_is_drawn_from_left_to_right_with_its_interval() -> None:
    axes = Figure2D().add_subplot()
    plot = Plot("lines", "x", ("y",), "share", "low", "high", series="name")
    rows = [["b", 2, 5, 4, 6], ["a", 3, 1, 0, 2], ["b", 1, 3, 2, 4]]
    draw_lines(axes, Section("S", ["name", "x", "y", "low", "high"], rows), plot)
    assert [line.get_xydata().tolist() for line in axes.lines] == [[[1, 3], [2, 5]], [[3, 1]]]
    assert [line.get_label() for line in axes.lines] == ["b", "a"] and len(axes.collections) == 2


def test_a_methods_own_temperature_is_told(tmp_path: Path) -> None:
    cell = {**_CELL, "training": {"tau": 6.0}}
    assert read_section(_write(tmp_path, "x", {"cells": [cell]})).column("τ") == [6.0]


def test_a_sweep_with_other_cells_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"figures of 'few' do not fit"):
        read_section(_write(tmp_path, "20-few", {"cells": [{"task": "one"}]}))


def test_a_benchmark_is_shown_with_what_it_missed(tmp_path: Path) -> None:
    figures = (Figure("a", 2.0, "x", "over bare", at_most=1.25), Figure("b", 10.0, "ms", "bare"))
    machine = {"cpu": "CPU", "cores": 2, "gpus": [], "flags": [], "runtimes": {}}
    encoder = EncoderFigures("vip-sim@abc", "w", "cpu", "chosen", figures)
    path = _write(tmp_path, "02-encoding-cost", Report(machine, [1.0, 2.0], "films", [encoder]).as_json())
    section = read_section(path)
    assert section.title == "Encoding cost"
    assert section.rows[0] == ("vip-sim", "over bare", "2 x", "at most 1.25: **not met**")
    assert section.rows[1][3] == "" and section.load == "1.0 to 2.0"


@pytest.mark.parametrize(
    ("mode", "command"), [("live", "vip eval --live "), ("lockstep", "vip eval --policy")]
)
def test_a_judged_policy_is_not_taken_for_the_demo(tmp_path: Path, mode: str, command: str) -> None:
    values = {"task": "t", "encoder": "e@1", "successes": 1, "episodes": 2, "wilson95": [0, 1], "mode": mode}
    section = read_section(_write(tmp_path, "x", {**values, "latency_ms": {"p50": 1.0}}))
    assert section.command.startswith(command)


def test_an_incomplete_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"'x' do not fit: KeyError: 'successes' \[.*x.json\]|KeyError"):
        read_section(_write(tmp_path, "x", {"wilson95": [0, 1]}))


@pytest.mark.parametrize("latency", [{}, {"latency_ms": {"p50": 35.1, "p95": 64.4, "p99": 91.1}}])
def test_a_success_rate_is_shown_with_its_interval(tmp_path: Path, latency: dict[str, Any]) -> None:
    values = {
        "task": "t",
        "encoder": "e@1",
        "successes": 9,
        "episodes": 10,
        "wilson95": [0.6, 0.98],
        **latency,
    }
    section = read_section(_write(tmp_path, "demo", values))
    assert section.column("%") == [90.0] and section.column("to %") == [98.0]
    assert ("35 / 64 / 91" in section.rows[0]) is bool(latency)


def test_plots_are_drawn_beside_the_page(tmp_path: Path) -> None:
    bars = {"kind": "bars", "label": "way", "values": ["ms"], "unit": "ms", "low": "from", "high": "to"}
    _write(tmp_path, "1-ways", {**TABLE, "rows": TABLE["rows"][:1], "plot": bars})
    lines = {"kind": "lines", "label": "x", "values": ["ms", "to"]}
    _write(tmp_path, "2-ways", {**TABLE, "plot": lines})
    arguments = ["--figures", str(tmp_path), "--out", str(tmp_path / "page.md"), "--images", str(tmp_path)]
    assert main(arguments) == 0
    assert "![Ways](images/results-1-ways.png)" in (tmp_path / "page.md").read_text()
    assert all((tmp_path / f"results-{n}-ways.png").read_bytes()[:4] == b"\x89PNG" for n in (1, 2))


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"what": 1}, "no known kind"),
        ([], "no known kind"),
        ({**TABLE, "rows": [["a"]]}, "1 of 5 cells"),
        ({**TABLE, "plot": {"kind": "bars", "label": "no", "values": []}}, "no column 'no'"),
        ({**TABLE, "colour": "red"}, "does not fit"),
    ],
)
def test_figures_that_do_not_fit_are_refused(tmp_path: Path, values: Any, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        read_section(_write(tmp_path, "x", values))
