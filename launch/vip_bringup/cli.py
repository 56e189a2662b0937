"""The `vip` command: finds the command, parses its arguments and turns errors into one line each."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from vip_bringup.commands import Command, command_names, load_command
from vip_ros.errors import UserError
from vip_ros.resources import cache_dir

EXIT_OK, EXIT_UNEXPECTED, EXIT_USER = 0, 1, 2
EXIT_INTERRUPTED, EXIT_BROKEN_PIPE = 130, 141


class OneLineParser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line, as every other user's error."""

    def error(self, message: str) -> NoReturn:
        """Raise the complaint as a UserError."""
        raise UserError(message, f"see {self.prog} --help")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: arguments without the program's name; those of the process by default.

    Returns:
        0 when done, 2 for what the user can mend, 130 after Ctrl-C or SIGTERM, 1 for a defect in here.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        with _terminated_as_interrupted():
            status = _dispatch(arguments)
        sys.stdout.flush()
    except UserError as error:
        print(f"vip: {error}", file=sys.stderr)
        return EXIT_USER
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        _silence_stdout()
        return EXIT_BROKEN_PIPE
    except Exception as error:
        path = _write_log(arguments)
        summary = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        print(f"vip: unexpected error: {summary}: please report it with {path}", file=sys.stderr)
        return EXIT_UNEXPECTED
    return status


@contextlib.contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM, and a terminal that closes, end a command as Ctrl-C does: nothing it began is dropped."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if number == signal.SIGTERM or handler == signal.SIG_DFL:  # nohup's wish is heeded
            signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_overview())
        return EXIT_OK if arguments else EXIT_USER
    if arguments[0] == "--version":
        print(_version())
        return EXIT_OK
    command = load_command(arguments[0])
    parser = _parser(command)
    try:
        options, rest = parser.parse_known_args(arguments[1:])
    except SystemExit as stop:  # --help
        return int(stop.code or 0)
    if getattr(command, "TAKES_REST", False):
        options.rest = rest
    elif rest:
        parser.error(f"unknown arguments: {' '.join(rest)}")
    return int(command.run(options) or 0)


def _parser(command: Command) -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog=f"vip {command.NAME}",
        description=command.HELP,
        epilog=f"example:\n  {command.EXAMPLE.strip()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.add_arguments(parser)
    return parser


def _overview() -> str:
    commands = [load_command(name) for name in command_names()]
    width = max(len(command.NAME) for command in commands)
    lines = [f"  {command.NAME:<{width}}  {command.HELP}" for command in commands]
    return "\n".join(
        [
            "usage: vip COMMAND [arguments]",
            "",
            "Few-shot robot learning from pixels on a Franka arm.",
            "",
            *lines,
            "",
            "vip COMMAND --help says more, with an example.",
        ]
    )


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("vip-robot")
    except PackageNotFoundError:
        return "unknown (not installed by pip)"


def _write_log(arguments: list[str]) -> Path:
    """Write the traceback in flight to a file that can be sent along with a report."""
    try:
        folder = cache_dir() / "logs"
        folder.mkdir(exist_ok=True)
    except OSError:
        folder = Path(tempfile.gettempdir())
    path = folder / f"vip-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    path.write_text(f"vip {' '.join(arguments)}\n\n{traceback.format_exc()}", encoding="utf-8")
    return path


def _silence_stdout() -> None:
    """Keep the interpreter's last flush from complaining about the closed pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
