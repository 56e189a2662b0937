"""Figures are written whole, and where they cannot be is said before the work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vip_bringup.cli import main
from vip_bringup.json_file import check_place, write_json
from vip_ros.errors import UserError


def test_a_folder_that_is_not_there_is_made_and_the_file_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "results" / "x.json"
    check_place(path)
    write_json(path, {"a": 1})
    assert json.loads(path.read_text()) == {"a": 1} and [p.name for p in path.parent.iterdir()] == ["x.json"]


def test_a_place_that_cannot_be_is_said_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot make the folder"):
        check_place(tmp_path / "file" / "x.json")
    with pytest.raises(UserError, match="a folder is where the file should go"):
        check_place(tmp_path)
    arguments = ["eval", "--policy", "nowhere", "--json", str(tmp_path / "file" / "x.json")]
    assert main(arguments) == 2 and "cannot make the folder" in capsys.readouterr().err


def test_what_is_there_stays_when_the_new_figures_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("{}")
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert path.read_text() == "{}" and len(list(tmp_path.iterdir())) == 1
