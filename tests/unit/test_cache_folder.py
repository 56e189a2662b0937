"""The folder of derived files: where it cannot be made, a user is told what to do."""

import os

import pytest

from vip_bringup.checks import FAIL, run_check
from vip_bringup.cli import main
from vip_ros.errors import UserError
from vip_ros.resources import cache_dir


@pytest.fixture
def blocked(tmp_path, monkeypatch):
    """Return a path inside a file, where no folder can be."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("VIP_CACHE", str(tmp_path / "file" / "cache"))
    return tmp_path / "file" / "cache"


def test_the_folder_is_made_on_first_use(tmp_path, monkeypatch):
    monkeypatch.setenv("VIP_CACHE", str(tmp_path / "a" / "b"))
    assert cache_dir() == tmp_path / "a" / "b"
    assert os.access(tmp_path / "a" / "b", os.W_OK)


@pytest.mark.parametrize("kind", [UserError, OSError])
def test_a_folder_that_cannot_be_made_is_a_users_error_and_one_to_do_without(blocked, kind):
    with pytest.raises(kind, match="VIP_CACHE") as caught:
        cache_dir()
    assert str(blocked) in str(caught.value)


def test_a_command_names_it_in_one_line(blocked, capsys):
    assert main(["models", "list"]) == 2
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    assert str(blocked) in complaint
    assert "VIP_CACHE" in complaint


def test_the_doctor_says_how_to_mend_it(blocked):
    (finding,) = run_check("system")
    assert finding.level == FAIL
    assert str(blocked) in finding.what
    assert finding.mend == "set VIP_CACHE to a folder that you may write to"
