"""A lock between the processes of one user; the kernel releases it when its holder is gone, however."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from vip_ros.errors import UserError

# Shared by all sessions of a user, whatever TMPDIR says.
LOCK_FOLDER = Path("/tmp")


class ProcessLock:
    """Holds a name for this process and those that inherit the descriptor, until release() or their end.

    Attributes:
        descriptor: of the lock file.

    Args:
        name: what is locked, a part of a file name.
        folder: where the lock files lie.

    Raises:
        HeldError: another process holds it.
    """

    def __init__(self, name: str, folder: Path = LOCK_FOLDER) -> None:
        path = folder / f"vip-{os.getuid()}-{name}.lock"
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self.descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(self.descriptor)
            raise HeldError(holder, path) from None
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let others have it."""
        os.close(self.descriptor)


class HeldError(UserError):
    """Another process holds a lock.

    Attributes:
        holder: its process id, as far as it is known.
    """

    def __init__(self, holder: str, path: Path) -> None:
        super().__init__(f"process {holder} holds {path.name}", "stop it first", str(path.parent))
        self.holder = holder
