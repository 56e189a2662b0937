"""One stack per user and ROS domain: a lock that the kernel releases when its holder is gone."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from vip_ros.errors import UserError

_FOLDER = Path("/tmp")  # shared by all sessions of a user, whatever TMPDIR says


def ros_domain() -> int:
    """Return the ROS domain of this process; raises UserError when ROS_DOMAIN_ID is no number."""
    text = os.environ.get("ROS_DOMAIN_ID", "").strip()
    if not text:
        return 0
    if not text.isdecimal():
        raise UserError(f"ROS_DOMAIN_ID is '{text}'", "set it to a number from 0 to 101")
    return int(text)


class DomainLock:
    """Holds the ROS domain for one stack of this user until release() or the end of the process.

    Raises:
        UserError: another stack of this user holds it.
    """

    def __init__(self, folder: Path = _FOLDER) -> None:
        self.domain = ros_domain()
        path = folder / f"vip-{os.getuid()}-domain-{self.domain}.lock"
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self.descriptor, 64, 0).decode(errors="replace").strip() or "unknown"
            os.close(self.descriptor)
            raise _refusal(self.domain, f"process {holder}") from None
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give the domain back."""
        os.close(self.descriptor)


def _refusal(domain: int, holder: str) -> UserError:
    other = domain + 1 if domain < 101 else 1
    return UserError(
        f"a stack is already running on ROS domain {domain} ({holder})",
        f"stop it first, or choose another domain: ROS_DOMAIN_ID={other}",
    )
