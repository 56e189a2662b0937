"""A network cable in user space: Ethernet frames between two TAP devices, lost and delayed as one is told.

    python cable.py FD FD

The file descriptors are those of the devices. Each line on the standard input, `LOSS DELAY`, sets the share
of frames that is lost, [0, 1], and how late the others come, s; both ends fare alike. It ends with its input.
"""

from __future__ import annotations

import fcntl
import os
import random
import select
import struct
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

_SET_DEVICE = 0x400454CA  # TUNSETIFF
_ETHERNET_WITHOUT_HEADER = 0x0002 | 0x1000  # IFF_TAP | IFF_NO_PI
_FRAME = 65536


class Cable:
    """Two network devices of this machine with a cable between them that can be made bad.

    Args:
        names: of the devices, at most 15 characters each; they live as long as the cable.

    Raises:
        OSError: no rights to make such devices, or a kernel without them.
    """

    def __init__(self, *names: str) -> None:
        devices = [_device(name) for name in names]
        command = [sys.executable, "-I", str(Path(__file__).resolve()), *map(str, devices)]
        self._carrier = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, pass_fds=devices)
        for device in devices:
            os.close(device)

    def set(self, loss: float = 0.0, delay: float = 0.0) -> None:
        """Lose that share of the frames, and let the others come that much later, s."""
        assert self._carrier.stdin is not None
        self._carrier.stdin.write(f"{loss} {delay}\n")
        self._carrier.stdin.flush()

    def close(self) -> None:
        """Take the devices away."""
        assert self._carrier.stdin is not None
        self._carrier.stdin.close()
        self._carrier.wait()


def _device(name: str) -> int:
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, _SET_DEVICE, struct.pack("16sH22x", name.encode(), _ETHERNET_WITHOUT_HEADER))
    return device


def carry(first: int, second: int) -> None:
    """Carry frames until the standard input ends."""
    other = {first: second, second: first}
    waiting: dict[int, deque[tuple[float, bytes]]] = {first: deque(), second: deque()}
    loss, delay = 0.0, 0.0
    chance = random.Random(0)
    while True:
        due = min((frames[0][0] for frames in waiting.values() if frames), default=None)
        limit = None if due is None else max(0.0, due - time.monotonic())
        ready = select.select([*other, sys.stdin], [], [], limit)[0]
        if sys.stdin in ready:
            line = sys.stdin.readline()
            if not line:
                return
            loss, delay = map(float, line.split())
        for device in other.keys() & ready:
            for frame in _frames(device):
                if chance.random() >= loss:
                    waiting[other[device]].append((time.monotonic() + delay, frame))
        _deliver(waiting)


def _frames(device: int) -> list[bytes]:
    frames = []
    while True:
        try:
            frames.append(os.read(device, _FRAME))
        except OSError:  # none left, or the device is down
            return frames


def _deliver(waiting: dict[int, deque[tuple[float, bytes]]]) -> None:
    now = time.monotonic()
    for device, frames in waiting.items():
        while frames and frames[0][0] <= now:
            try:
                os.write(device, frames.popleft()[1])
            except OSError:  # down: a cable keeps nothing
                continue


if __name__ == "__main__":
    carry(int(sys.argv[1]), int(sys.argv[2]))
