"""One child process of the supervisor: its own process group, its output line by line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

EXEC_CHILD = Path(__file__).with_name("exec_child.py")
"""Script that ties a program's life to its parent's: python -I -S exec_child.py PARENT_PID PROGRAM …"""
_LONGEST_LINE = 1 << 16


def tied_launcher() -> list[str]:
    """Return what stands before a program (absolute path) that is to end when this process does."""
    return [sys.executable, "-I", "-S", str(EXEC_CHILD), str(os.getpid())]


class Child:
    """A running child process.

    Args:
        name: what its lines are labelled with.
        command: program (absolute path) and arguments.
        environment: the child's whole environment.
        now: monotonic time of the start, s.
    """

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], now: float) -> None:
        self.name, self.started = name, now
        self.last_line = ""
        self.output_closed = False
        self._partial = b""
        self.process = subprocess.Popen(
            [*tied_launcher(), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.output = self.process.stdout.fileno()
        os.set_blocking(self.output, False)

    @property
    def group(self) -> int:
        """The process group, which is led by the child itself."""
        return self.process.pid

    def read_lines(self, at_end: bool = False) -> list[str]:
        """Return the complete lines printed since the last call; at_end adds an incomplete last one."""
        data = self._partial + self._read_available()
        *lines, self._partial = data.split(b"\n")
        if self._partial and (at_end or len(self._partial) > _LONGEST_LINE):
            lines.append(self._partial)
            self._partial = b""
        texts = [line.decode("utf-8", errors="replace").rstrip("\r") for line in lines]
        self.last_line = next((text for text in reversed(texts) if text.strip()), self.last_line)
        return texts

    def signal(self, number: int) -> None:
        """Send a signal to the child's whole process group."""
        try:
            os.killpg(self.group, number)
        except ProcessLookupError:
            return

    def close(self) -> None:
        """Release the pipe; kill what the child may have started and left in its group."""
        self.signal(signal.SIGKILL)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def _read_available(self) -> bytes:
        chunks = []
        while True:
            try:
                chunk = os.read(self.output, 65536)
            except BlockingIOError:
                break
            if not chunk:
                self.output_closed = True
                break
            chunks.append(chunk)
        return b"".join(chunks)


def describe_exit(returncode: int) -> str:
    """Say in words how a process ended."""
    if returncode >= 0:
        return f"exited with status {returncode}"
    try:
        return f"was killed by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"was killed by signal {-returncode}"
