"""A terminal that gives single keys, put back as it was whatever happens."""

from __future__ import annotations

import atexit
import os
import select
import sys
import termios

from vip_ros.errors import UserError

_IFLAG, _LFLAG, _CC = 0, 3, 6


class KeyTerminal:
    """Keys without Enter and without echo; Ctrl-C still ends the program, Ctrl-Z is off.

    A suspended program would hold the arm on its last chunk until the guard's watchdog stops it.

    Args:
        descriptor: of the terminal; standard input by default.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        self._descriptor = descriptor
        self._before: list[object] | None = None

    def open(self) -> None:
        """Take the terminal; raises UserError where there is none."""
        fd = sys.stdin.fileno() if self._descriptor is None else self._descriptor
        if not os.isatty(fd):
            raise UserError(
                "the keyboard device needs a terminal",
                "run 'vip teleop --device keyboard' in one (ssh -t over the network)",
            )
        self._descriptor = fd
        before = termios.tcgetattr(fd)
        keys = termios.tcgetattr(fd)
        keys[_LFLAG] &= ~(termios.ICANON | termios.ECHO)
        keys[_CC][termios.VMIN], keys[_CC][termios.VTIME] = b"\x00", b"\x00"
        keys[_CC][termios.VSUSP] = b"\x00"
        termios.tcsetattr(fd, termios.TCSADRAIN, keys)
        self._before = before
        atexit.register(self.close)

    def read(self) -> str:
        """Return what was typed since the last call; raises UserError when the terminal is gone."""
        assert self._descriptor is not None  # opened
        try:
            if not select.select([self._descriptor], [], [], 0.0)[0]:
                return ""
            data = os.read(self._descriptor, 4096)
        except OSError as error:
            raise UserError("the terminal is gone", str(error)) from None
        if not data:
            raise UserError("the terminal is closed", "connect again and restart")
        return data.decode("utf-8", errors="ignore")

    def drain(self) -> str:
        """Take all that waits to be read and return it; raises UserError when the terminal is gone."""
        text = ""
        while typed := self.read():
            text += typed
        return text

    def close(self) -> None:
        """Put the terminal back as it was; may be called twice."""
        before, self._before = self._before, None
        atexit.unregister(self.close)
        if before is None or self._descriptor is None:
            return
        try:
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, before)  # type: ignore[arg-type]
        except termios.error:
            return  # the terminal itself is gone: nothing is left to mend
