"""The chain's figures: ratios over network and middleware, comparison with an earlier run, picture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vip_bringup.bench.chain import STAGES, Samples, _figures
from vip_bringup.bench.compare import comparison, load_report
from vip_bringup.bench.figures import EncoderFigures, Report
from vip_bringup.bench.plot import plot_report
from vip_ros.errors import UserError


def _samples(command: float = 0.020) -> Samples:
    stages = {name: [0.004] * 50 for name in STAGES}
    stages["image to command"] = [command] * 49 + [2 * command]
    return Samples(stages, hops=[0.004] * 50, network=[0.012] * 50, cpu={"reward_node": [1.0, 4.0]}, fps=60.0)


def _report(command: float = 0.020) -> Report:
    figures = tuple(_figures("vip-resnet18", _samples(command)))
    encoder = EncoderFigures("vip-resnet18@0", "random", "cpu", "as asked", figures)
    row = {"shape": "640x480", "p50_ms": 9.0, "p95_ms": 10.0, "p99_ms": 12.0, "answered": 100.0, "cpu": 30.0}
    return Report({"cpu": "x"}, [0.1, 0.2], "frames", [encoder], [row])


def test_ratio_is_over_both_bare_medians_and_has_its_limit() -> None:
    figures = {figure.key: figure for figure in _figures("vip-resnet18", _samples())}
    assert figures["chain_median_ratio"].value == pytest.approx(0.020 / 0.016)
    assert figures["chain_median_ratio"].met and figures["chain_median_ratio"].at_most == 1.3
    assert not next(f for f in _figures("vip-resnet18", _samples(0.030)) if f.key == "chain_median_ratio").met
    assert figures["chain_p99_ratio"].at_most == 2.0 and figures["chain_p99_ratio"].value > 1.25
    assert figures["chain_cpu_reward_node"].value == 25.0
    assert figures["chain_embedding_to_action_p95_ms"].value == pytest.approx(4.0)


def test_stage_without_an_answer_is_told_in_one_line() -> None:
    samples = _samples()
    samples.stages["action to command"] = []
    with pytest.raises(UserError, match="no command came"):
        _figures("vip-resnet18", samples)


def test_comparison_names_what_changed_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "earlier.json"
    path.write_text(json.dumps(_report().as_json()))
    same = comparison(load_report(path), _report().as_json())
    assert any("none beyond" in line for line in same)
    lines = comparison(load_report(path), _report(0.040).as_json())
    changed = [line for line in lines if "->" in line]
    assert changed and all("image to command" in line or "p99" in line for line in changed)
    assert any("+100%" in line for line in changed)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"encoders": 3}'])
def test_a_file_that_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "earlier.json"
    path.write_text(text)
    with pytest.raises(UserError, match="not a report"):
        load_report(path)


def test_picture_is_drawn_and_an_empty_report_refused(tmp_path: Path) -> None:
    path = tmp_path / "bench.png"
    plot_report(_report().as_json(), path)
    assert path.stat().st_size > 5_000
    with pytest.raises(UserError, match="nothing to draw"):
        plot_report(Report({}, [0.0], "frames").as_json(), path)
