"""A sweep: which cells it has, that it goes on where it was, and what its tables say."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from support.episodes import toy_episode

pytest.importorskip("torch", reason="torch (the train extra) is not installed")

from vip_bringup.cli import main
from vip_bringup.sweep import cells
from vip_bringup.sweep.data import Episodes
from vip_bringup.sweep.eyes import Eyes
from vip_bringup.sweep.methods import METHODS, Method, methods_of
from vip_bringup.sweep.plots import _line_name
from vip_bringup.sweep.run import Plan, run_plan
from vip_bringup.sweep.tables import page, paired
from vip_models.card import EncoderCard
from vip_ros.errors import UserError

QUICK = ["steps=40", "check_every=20", "hidden=[8]", "components=2"]


class MeanColour:
    id = "mean@000000000001"
    card = EncoderCard(name="mean")

    def encode(self, frames: np.ndarray, batch_size: int = 8) -> np.ndarray:
        return frames.mean(axis=(1, 2)).astype(np.float32)


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch, vip_cache: Path, tmp_path: Path) -> list[str]:
    """Replace simulator, encoder and recording; returns the list of policies that were judged."""
    names: list[str] = []

    def judge(bundle: Path, load: Any, task: str, episodes: int, seed: int, config: Any, told: Any) -> Any:
        names.append(bundle.name)
        details = [{"seed": seed + i, "success": i % 2 == 0, "duration": 1.0} for i in range(episodes)]
        return {
            "episodes": episodes,
            "successes": (episodes + 1) // 2,
            "success_rate": 0.5,
            "wilson95": [0.2, 0.8],
            "episode_details": details,
        }

    paths = [toy_episode(tmp_path / "toys", rows=24, seed=seed) for seed in range(3)]
    monkeypatch.setattr(cells, "evaluate_in_simulator", judge)
    monkeypatch.setattr(Eyes, "load", lambda self, folder: MeanColour())
    monkeypatch.setattr(Episodes, "paths", lambda self, task, count, failures=0: paths[:count])
    return names


def _plan(out: Path, **changes: Any) -> Plan:
    values: dict[str, Any] = {
        "out": out,
        "tasks": ["CloseDrawer"],
        "methods": {name: METHODS[name] for name in ("rwr", "bc")},
        "encoders": ["vip-sim"],
        "demonstrations": [2],
        "failures": 0,
        "taus": [],
        "train_seeds": [0],
        "episodes": 4,
        "seed": 1_000_000,
        "timeout": 10.0,
        "data": out / "data",
        "settings": QUICK,
    }
    return Plan(**{**values, **changes})


def test_every_combination_is_one_cell_and_temperatures_are_for_those_that_have_one(tmp_path: Path) -> None:
    plan = _plan(tmp_path, tasks=[], demonstrations=[2, 3], taus=[0.1, 1.0])
    names = [cell.name for cell in plan.cells()]
    assert len(names) == len(set(names)) == 4 * 2 * (2 + 1)
    assert "push_bottle-rwr-vip-sim-3+0-tau0.1-s0" in names and "fold_towel-bc-vip-sim-2+0-s0" in names


def test_several_weights_of_one_card_are_told_apart_and_pixels_are_there_once(tmp_path: Path) -> None:
    methods = {name: METHODS[name] for name in ("rwr", "random-encoder", "scratch-bc")}
    plan = _plan(
        tmp_path, methods=methods, encoders=["vip-sim=/a/old.safetensors", "vip-sim=/a/new.safetensors"]
    )
    assert {(cell.method, cell.encoder) for cell in plan.cells()} == {
        ("rwr", "vip-sim-old"),
        ("rwr", "vip-sim-new"),
        ("random-encoder", "vip-sim-untrained"),
        ("scratch-bc", "pixels"),
    }


def test_weights_of_ones_own_do_not_pass_for_the_shipped_ones(tmp_path: Path) -> None:
    plan = _plan(tmp_path, encoders=["vip-sim=/a/mine.safetensors"])
    assert {cell.encoder for cell in plan.cells()} == {"vip-sim-mine"}
    twice = _plan(tmp_path, encoders=["vip-sim=/a/mine.safetensors", "vip-sim=/b/mine.safetensors"])
    with pytest.raises(UserError, match="two encoders would be called 'vip-sim-mine'"):
        twice.cells()


def test_a_seed_among_the_options_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--train-seed"):
        _plan(tmp_path, settings=["seed=5"]).cells()


def test_tasks_of_a_row_may_be_spelled_in_any_way(tmp_path: Path) -> None:
    file = tmp_path / "rows.yaml"
    file.write_text("own: {per_task: {CloseDrawer: {tau: 9.0}}}", encoding="utf-8")
    assert methods_of(["own"], file)["own"].config("close_drawer", {}).tau == 9.0
    file.write_text("own: {per_task: {CloseDrawer: 3}}", encoding="utf-8")
    with pytest.raises(UserError, match="the options of CloseDrawer are 3"):
        methods_of(["own"], file)


def test_a_line_joins_cells_that_differ_in_one_quantity() -> None:
    cell = {
        "method": "rwr",
        "encoder": "e",
        "demonstrations": 5,
        "failures": 20,
        "tau": None,
        "train_seed": 0,
    }
    names = {_line_name({**cell, "demonstrations": count}, "demonstrations") for count in (5, 10)}
    assert names == {"rwr, e, 20 failures"}
    assert _line_name({**cell, "tau": 1.0, "train_seed": 2}, "tau") == "rwr, e, seed 2, 5+20"


def test_a_cell_is_run_again_when_weights_or_episodes_changed(tmp_path: Path, judged: list[str]) -> None:
    out, mine = tmp_path / "out", tmp_path / "mine.safetensors"
    mine.write_bytes(b"1")
    changes = {"methods": {"bc": METHODS["bc"]}, "encoders": [f"vip-sim={mine}"]}
    run_plan(_plan(out, **changes))
    run_plan(_plan(out, **changes))
    assert len(judged) == 1
    mine.write_bytes(b"2")
    run_plan(_plan(out, **changes))
    assert len(judged) == 2
    for info in (tmp_path / "toys").glob("*/episode.yaml"):
        values = yaml.safe_load(info.read_text(encoding="utf-8"))
        info.write_text(yaml.safe_dump({**values, "sha256": "another"}), encoding="utf-8")
    run_plan(_plan(out, **changes))
    assert len(judged) == 3


def test_a_sweep_that_was_cut_short_runs_only_what_is_missing(
    tmp_path: Path, judged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    whole = cells.save_bundle

    def fails(path: Path, *rest: Any) -> None:
        if "-bc-" in path.name:
            raise KeyboardInterrupt
        whole(path, *rest)

    monkeypatch.setattr(cells, "save_bundle", fails)
    with pytest.raises(KeyboardInterrupt):
        run_plan(_plan(out))
    assert len(list((out / "cells").iterdir())) == 1
    monkeypatch.setattr(cells, "save_bundle", whole)
    assert run_plan(_plan(out)) == 0
    assert [name.split("-")[1] for name in judged] == ["rwr", "bc"]
    assert run_plan(_plan(out)) == 0
    assert len(judged) == 2


def test_a_cell_is_run_again_when_its_options_changed_or_its_file_is_damaged(
    tmp_path: Path, judged: list[str]
) -> None:
    out = tmp_path / "out"
    run_plan(_plan(out))
    run_plan(_plan(out, settings=[*QUICK, "tau=0.7"]))
    assert len(judged) == 4
    for path in (out / "cells").iterdir():
        path.write_text("{", encoding="utf-8")
    run_plan(_plan(out, settings=[*QUICK, "tau=0.7"]))
    assert len(judged) == 6


def test_tables_and_pictures_are_written(tmp_path: Path, judged: list[str]) -> None:
    out = tmp_path / "out"
    run_plan(_plan(out, demonstrations=[1, 2], taus=[0.1, 1.0]))
    with (out / "table.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 2 * (2 + 1) and rows[0]["method"] == "rwr" and rows[0]["low"] == "0.2"
    table = json.loads((out / "table.json").read_text(encoding="utf-8"))
    assert table["cells"][0]["solved"] == [True, False, True, False]
    for name in ("tau.png", "demonstrations.png"):
        assert (out / name).read_bytes()[:4] == b"\x89PNG"


def test_paired_scenes_are_counted_one_by_one() -> None:
    first = {"solved": [True, True, False, False]}
    second = {"solved": [True, False, True, True]}
    assert paired(second, first) == (2, 1)


def test_the_page_has_a_row_per_method_with_the_paired_difference() -> None:
    common = {"task": "t", "encoder": "e", "demonstrations": 20, "failures": 5, "tau": None, "train_seed": 0}
    common |= {"episodes": 4, "seed": 7, "wilson95": [0.1, 0.9]}
    results = [
        {**common, "method": "rwr", "success_rate": 0.75, "solved": [True, True, True, False]},
        {**common, "method": "bc", "success_rate": 0.25, "solved": [False, False, False, True]},
    ]
    text = page(results, {"peer": "the package x is not installed"})
    assert "| bc, e | 25% (10%–90%) Δ -50, 1:3 |" in text
    assert "20 demonstrations and 5 failures" in text and "- peer: the package x is not installed" in text


def test_a_row_that_lacks_its_package_is_left_out_with_the_reason(tmp_path: Path, judged: list[str]) -> None:
    missing = Method("a peer", "rwr", needs="no_such_package_here")
    run_plan(_plan(tmp_path / "out", methods={"rwr": METHODS["rwr"], "peer": missing}))
    assert "no_such_package_here is not installed" in (tmp_path / "out" / "table.md").read_text("utf-8")
    with pytest.raises(UserError, match="nothing to compare"):
        run_plan(_plan(tmp_path / "other", methods={"peer": missing}))


def test_rows_of_ones_own_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "rows.yaml"
    file.write_text("mine: {algorithm: awr, options: {tau: 2.0}}\n", encoding="utf-8")
    methods = methods_of(["mine", "bc"], file)
    assert methods["mine"].config("close_drawer", {"steps": 5}).tau == 2.0
    assert methods_of(["rwr-paper"], None)["rwr-paper"].config("close_drawer", {}).tau == 1.0
    file.write_text("mine: 3\n", encoding="utf-8")
    with pytest.raises(UserError, match="not a table of methods"):
        methods_of([], file)
    with pytest.raises(UserError, match="unknown method 'rvr'.*rwr"):
        methods_of(["rvr"], None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--out is missing"),
        (["--out", "{}", "--episodes", "0"], "count up"),
        (["--out", "{}", "--task", "OpenDoor"], "unknown task"),
        (["--out", "{}", "--set", "tau"], "has no value"),
        (["--out", "{}/file/x"], "cannot make the folder"),
    ],
)
def test_mistakes_are_one_line(
    tmp_path: Path, judged: list[str], capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    (tmp_path / "file").touch()
    assert main(["sweep", *(text.format(tmp_path) for text in arguments)]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
