"""Two hosts on one machine: network namespaces with a cable between them that can be made bad."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

_NEW_NET = 0x40000000  # CLONE_NEWNET
_libc = ctypes.CDLL(None, use_errno=True)


class NotHere(Exception):
    """This machine cannot make network namespaces; the text says why."""


class TwoHosts:
    """The hosts `robot` and `camera`; use as a context manager.

    Raises:
        NotHere: no rights, or no tools, to make them.
    """

    def __init__(self) -> None:
        mark = f"vip{os.getpid()}"
        self._names = {"robot": f"{mark}r", "camera": f"{mark}c"}
        self._devices = {"robot": f"{mark}vr"[-15:], "camera": f"{mark}vc"[-15:]}

    def __enter__(self) -> TwoHosts:
        try:
            self._make()
        except NotHere:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
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

    def has_netem(self) -> bool:
        """Return whether the kernel can lose and delay packets."""
        try:
            self.spoil("delay", "1ms")
        except NotHere:
            return False
        self.heal()
        return True

    def cut(self) -> None:
        """Let nothing through."""
        for host, device in self._devices.items():
            self._in(host, "ip", "link", "set", device, "down")

    def spoil(self, *netem: str) -> None:
        """Make the cable bad in both directions, in the words of tc-netem, such as: loss 1%."""
        self.heal()
        for host in self._names:
            self._in(host, "tc", "qdisc", "add", "dev", self._devices[host], "root", "netem", *netem)

    def heal(self) -> None:
        """Make the cable good again."""
        for host, name in self._names.items():
            command = ["ip", "netns", "exec", name, "tc", "qdisc", "del", "dev", self._devices[host], "root"]
            subprocess.run(command, capture_output=True, check=False)
            self._in(host, "ip", "link", "set", self._devices[host], "up")

    def _make(self) -> None:
        for name in self._names.values():
            _run("ip", "netns", "add", name)
        robot, camera = self._devices["robot"], self._devices["camera"]
        _run("ip", "link", "add", robot, "type", "veth", "peer", "name", camera)
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
