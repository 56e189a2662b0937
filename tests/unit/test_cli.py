"""The vip command: one line for a user's mistake, a log for a defect, and a fast start."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from vip_bringup import cli
from vip_bringup.commands import command_names, load_command
from vip_ros.errors import UserError

SLOW_TO_IMPORT = ("rclpy", "torch", "cv2", "onnxruntime", "mujoco", "matplotlib")


def _fake_command(monkeypatch: pytest.MonkeyPatch, run, takes_rest: bool = False) -> None:
    command = SimpleNamespace(
        NAME="fake",
        HELP="h",
        EXAMPLE="vip fake",
        add_arguments=lambda p: None,
        run=run,
        TAKES_REST=takes_rest,
    )
    monkeypatch.setattr(cli, "load_command", lambda name: command)


def _raiser(error: BaseException):
    def run(args: argparse.Namespace) -> int:
        raise error

    return run


def test_unknown_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["encod"]) == 2
    error = capsys.readouterr().err
    assert "did you mean 'encode'?" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("name", command_names())
def test_every_command_has_help_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "example:" in shown
    assert load_command(name).EXAMPLE.strip() in shown
    assert load_command(name).EXAMPLE.startswith(f"vip {name}")
    assert name == load_command(name).NAME


def test_overview_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown for name in command_names())


def test_no_command_shows_the_overview_and_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    assert "usage: vip" in capsys.readouterr().out


def test_wrong_argument_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["up", "--confg", "x"]) == 2
    assert capsys.readouterr().err == "vip: unknown arguments: --confg x: see vip up --help\n"


def test_user_error_is_one_line_and_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _fake_command(monkeypatch, _raiser(UserError("no camera", "plug it in", "/dev/video0")))
    assert cli.main(["fake"]) == 2
    assert capsys.readouterr().err == "vip: no camera [/dev/video0]: plug it in\n"


def test_defect_is_one_line_that_names_a_log_with_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], vip_cache: Path
) -> None:
    _fake_command(monkeypatch, _raiser(ZeroDivisionError("division\nby zero")))
    assert cli.main(["fake"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("vip: unexpected error: ZeroDivisionError: division by zero")
    assert error.count("\n") == 1
    (log,) = (vip_cache / "logs").glob("*.log")
    assert str(log) in error
    assert "Traceback" in log.read_text()


def test_ctrl_c_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _fake_command(monkeypatch, _raiser(KeyboardInterrupt()))
    assert cli.main(["fake"]) == 130
    assert capsys.readouterr() == ("", "")


def test_rest_of_the_arguments_reaches_a_command_that_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    _fake_command(monkeypatch, lambda args: seen.append(args.rest) or 0, takes_rest=True)
    assert cli.main(["fake", "-x", "-k", "name"]) == 0
    assert seen == [["-x", "-k", "name"]]


def test_closed_pipe_is_quiet() -> None:
    command = shlex.join([sys.executable, "-m", "vip_bringup.cli", "--help"])
    done = subprocess.run(["bash", "-c", f"{command} | true"], capture_output=True, text=True, timeout=30)
    assert done.stderr == ""


def test_help_imports_nothing_slow() -> None:
    code = (
        "import sys\nfrom vip_bringup.cli import main\nmain(['--help'])\n"
        f"print([name for name in {SLOW_TO_IMPORT!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stderr.strip() == "[]"


def test_sigterm_ends_a_command_as_ctrl_c_does(monkeypatch: pytest.MonkeyPatch) -> None:
    tidied: list[str] = []

    def run(arguments: list[str]) -> int:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            threading.Event().wait(20.0)
        finally:
            tidied.append("up")
        return 0

    monkeypatch.setattr(cli, "_dispatch", run)
    before = signal.getsignal(signal.SIGTERM)
    assert cli.main(["record"]) == cli.EXIT_INTERRUPTED
    assert tidied == ["up"]
    assert signal.getsignal(signal.SIGTERM) is before
