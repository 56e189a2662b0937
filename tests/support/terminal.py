"""A program in a pseudo terminal: a test types and looks at the screen."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping

_SEQUENCE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])")


def _as_a_shell_does() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    # Under nohup the tests ignore it, and so would everything that they start.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Terminal:
    """A program whose terminal is ours: it leads a session, so that Ctrl-C reaches it.

    Args:
        command: program and arguments.
        env: environment on top of this process's.
        rows: of the terminal.
        columns: of the terminal.
    """

    def __init__(
        self, command: list[str], env: Mapping[str, str] | None = None, rows: int = 40, columns: int = 110
    ) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm", **(env or {})},
            start_new_session=True,
            preexec_fn=_as_a_shell_does,  # noqa: PLW1509
        )
        self._slave = slave
        self.text = ""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *exc: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self._master)
        os.close(self._slave)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    def read(self, seconds: float = 0.0) -> str:
        """Take in what the program wrote, for so long; return the screen's text."""
        end = time.monotonic() + seconds
        while True:
            left = max(0.0, end - time.monotonic())
            ready, _, _ = select.select([self._master], [], [], left)
            if not ready:
                return self.screen()
            try:
                self.text += os.read(self._master, 65536).decode(errors="replace")
            except OSError:
                return self.screen()

    def screen(self) -> str:
        """Return what a person sees: cursor movements up and erasures applied, colours dropped."""
        rows, row, column = [""], 0, 0
        for part in re.split(r"(\x1b\[[0-9;?]*[A-Za-z]|\r|\n)", self.text):
            sequence = _SEQUENCE.fullmatch(part)
            if part == "\r":
                column = 0
            elif part == "\n":
                row += 1
                rows += [""] * (row + 1 - len(rows))
            elif sequence and sequence[2] == "A":
                row = max(0, row - int(sequence[1] or 1))
            elif sequence and sequence[2] == "K":
                rows[row] = rows[row][:column]
            elif not sequence and part:
                rows[row] = rows[row][:column].ljust(column) + part + rows[row][column + len(part) :]
                column += len(part)
        return "\n".join(rows)

    def wait_for(self, text: str, limit: float = 60.0, meanwhile: Callable[[], None] | None = None) -> str:
        """Wait until the screen holds a text; return the screen."""
        end = time.monotonic() + limit
        while text not in (screen := self.read(0.05)):
            assert time.monotonic() < end, f"no '{text}' on the screen:\n{screen}"
            if meanwhile is not None:
                meanwhile()
        return screen

    def hold(self, key: str, seconds: float, rate: float = 25.0) -> str:
        """Hold a key down as a terminal tells it: again and again; return the screen."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.type(key)
            self.read(1.0 / rate)
        return self.screen()

    @property
    def restored(self) -> bool:
        """Whether the terminal's modes are what they were."""
        now = termios.tcgetattr(self._slave)
        return now[:4] == self.before[:4]
