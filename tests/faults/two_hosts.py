"""Two hosts on one machine: network namespaces with a cable between them that can be made bad."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from faults.cable import Cable
from faults.not_here import NotHere

_NEW_NET = 0x40000000  # CLONE_NEWNET
_libc = ctypes.CDLL(None, use_errno=True)


class TwoHosts:
    """The hosts `robot` and `camera`; use as a context manager.

    Attributes:
        cable: between them, once they are there.

    Raises:
        NotHere: no rights, or no tools, to make them.
    """

    def __init__(self) -> None:
        mark = f"vip{os.getpid()}"
        self._names = {"robot": f"{mark}r", "camera": f"{mark}c"}
        self._devices = {"robot": f"{mark}tr"[-15:], "camera": f"{mark}tc"[-15:]}
        self.cable: Cable | None = None

    def __enter__(self) -> TwoHosts:
        try:
            self._make()
        except NotHere:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.cable is not None:
            self.cable.close()
        for name in self._names.values():
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)

    @contextlib.contextmanager
    def on(self, host: str) -> Iterator[None]:
        """Let this thread, and the threads and processes that it starts, live on a host."""
        with (
            Path("/proc/thread-self/ns/net").open() as home,
            Path(f"/run/netns/{self._names[host]}").open() as there,
        ):
            _enter(there.fileno())
            try:
                yield
            finally:
                _enter(home.fileno())

    def _make(self) -> None:
        for name in self._names.values():
            _run("ip", "netns", "add", name)
        try:
            self.cable = Cable(*self._devices.values())
        except OSError as error:
            raise NotHere(f"no TAP device: {error.strerror}") from None
        for number, (host, device) in enumerate(self._devices.items(), 1):
            _run("ip", "link", "set", device, "netns", self._names[host])
            self._in(host, "ip", "link", "set", "lo", "up")
            self._in(host, "ip", "addr", "add", f"10.86.0.{number}/24", "dev", device)
            self._in(host, "ip", "link", "set", device, "up")

    def _in(self, host: str, *command: str) -> None:
        _run("ip", "netns", "exec", self._names[host], *command)


def _run(*command: str) -> None:
    try:
        subprocess.run(command, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise NotHere(f"{command[0]} is not installed (package iproute2)") from None
    except subprocess.CalledProcessError as error:
        raise NotHere(f"{' '.join(command)}: {error.stderr.strip()}") from None


def _enter(namespace: int) -> None:
    if _libc.setns(namespace, _NEW_NET) != 0:
        raise NotHere(os.strerror(ctypes.get_errno()))
