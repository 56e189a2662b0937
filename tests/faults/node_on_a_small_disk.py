"""recorder_node as a process whose folder is a disk of its own, too small for an episode.

VIP_SMALL_DISK names the folder and its size: /some/folder:12m. The disk is seen by this process only.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_NEW_NS, _NEW_USER, _PRIVATE = 0x00020000, 0x10000000, 1 << 18 | 1 << 14
_libc = ctypes.CDLL(None, use_errno=True)


def _mount(folder: str, size: str) -> None:
    flags = _NEW_NS if os.geteuid() == 0 else _NEW_NS | _NEW_USER
    _check(_libc.unshare(flags))
    _check(_libc.mount(None, b"/", None, _PRIVATE, None))
    _check(_libc.mount(b"tmpfs", folder.encode(), b"tmpfs", 0, f"size={size}".encode()))


def _check(status: int) -> None:
    if status != 0:
        sys.exit(f"no disk of one's own: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    where, _, size = os.environ["VIP_SMALL_DISK"].rpartition(":")
    Path(where).mkdir(parents=True, exist_ok=True)
    _mount(where, size)
    from vip_teleop.recorder_node import main

    sys.exit(main())
