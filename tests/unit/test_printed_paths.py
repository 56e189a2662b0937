"""What is printed is what was meant: a path with brackets stays whole, and no figure is lost for it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from vip_bringup.commands import eval as command
from vip_bringup.demo.progress import step

REPORT = {"task": "t", "successes": 1, "episodes": 2, "success_rate": 0.5, "wilson95": [0.1, 0.9]}


def test_brackets_in_a_title_are_brackets(capsys: pytest.CaptureFixture[str]) -> None:
    with step("policy on my[/old] and runs[v2]"):
        pass
    assert "policy on my[/old] and runs[v2]" in capsys.readouterr().out


def test_figures_are_written_whatever_the_folder_of_the_films_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "_lockstep", lambda _: REPORT)
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    out = tmp_path / "r.json"
    given: list[Any] = ["--policy", "p", "--videos", "runs[/old]", "--json", str(out)]
    assert command.run(parser.parse_args(given)) == 0
    assert json.loads(out.read_text()) == REPORT and "runs[/old]: films" in capsys.readouterr().out
