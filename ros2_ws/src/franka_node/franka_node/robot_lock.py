"""One commander per robot: a lock that the kernel releases when its holder is gone, even by kill -9.

The graph alone cannot tell: discovery takes seconds, and a killed node is remembered for 20 s.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path

from vip_ros.errors import UserError

_FOLDER = Path("/tmp")  # shared by all sessions of a user, whatever TMPDIR says


class RobotLock:
    """Holds a command topic of a ROS domain for this process, until release() or its end.

    Args:
        domain: ROS domain.
        topic: full name of the topic on which the robot's commands are told.
        folder: where the lock files lie.

    Raises:
        UserError: another process of this user on this machine holds it.
    """

    def __init__(self, domain: int, topic: str, folder: Path = _FOLDER) -> None:
        key = hashlib.sha256(topic.encode()).hexdigest()[:8]
        path = folder / f"vip-{os.getuid()}-robot-{domain}-{key}.lock"
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._descriptor)
            raise UserError(
                f"process {holder} already commands a robot here",
                "stop it first, or choose another ROS_DOMAIN_ID or namespace",
                topic,
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let others command the robot."""
        os.close(self._descriptor)
