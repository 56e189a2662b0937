"""`vip bench --policy`: how long a policy thinks, and that a mistake is one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.policies import toy_bundle

from vip_bringup.bench import policy
from vip_bringup.cli import main


def test_the_figures_are_printed_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(policy, "CALLS", 50)
    bundle = toy_bundle(tmp_path / "policy", ensemble=0.3)
    assert main(["bench", "--policy", str(bundle), "--json", str(tmp_path / "x.json")]) == 0
    latency = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))["latency_ms"]
    assert 0 < latency["p50"] <= latency["p95"] <= latency["p99"] and latency["cpu_p99"] > 0
    assert "p99" in capsys.readouterr().out


def test_no_policy_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--policy", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
