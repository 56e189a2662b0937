"""The running stack as a child process: `vip up` with a log file, and its state seen from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import IO

from vip_bringup.child import tied_launcher
from vip_ros.errors import UserError

READY_LINE = "stack is active"
"""The line `vip up` prints when every node is active."""


class RunningStack:
    """`vip up` in a process of its own; entering waits until every node is active.

    Args:
        settings: `node.param=value` overrides.
        log: file that receives everything the stack prints.
        limit: s until the stack must be active.
        config: configuration file, or the name of a shipped one.
    """

    def __init__(self, settings: list[str], log: Path, limit: float = 180.0, config: str = "default") -> None:
        self._settings, self._log, self._limit, self._config = settings, log, limit, config
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> RunningStack:
        # Tied to this process: a stack must not go on moving an arm for somebody who is gone.
        command = [*tied_launcher(), sys.executable, "-m", "vip_bringup.cli", "up", "--config", self._config]
        for setting in self._settings:
            command += ["--set", setting]
        with self._open_log() as sink:
            self._process = subprocess.Popen(
                command,
                stdout=sink,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop the stack as Ctrl-C would; kill what does not end within 20 s."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _open_log(self) -> IO[bytes]:
        try:
            return self._log.open("wb")
        except OSError as error:
            what = f"cannot write the stack's log: {error.strerror}"
            raise UserError(what, "choose a folder that you may write to", str(self._log)) from None

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        end = time.monotonic() + self._limit
        while READY_LINE not in self._text():
            if self._process.poll() is not None:
                raise UserError("the stack did not start", self._last_complaint(), str(self._log))
            if time.monotonic() > end:
                raise UserError(
                    f"the stack was not active after {self._limit:.0f} s",
                    f"end what else keeps this machine busy; last it said: {self._last_complaint()}",
                    str(self._log),
                )
            time.sleep(0.1)

    def _text(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _last_complaint(self) -> str:
        lines = [line.strip() for line in self._text().splitlines() if line.strip()]
        return lines[-1] if lines else "it printed nothing"
