"""One commander per robot.

The graph alone cannot tell: discovery takes seconds, and a killed node is remembered for 20 s.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from vip_ros.errors import UserError
from vip_ros.process_lock import LOCK_FOLDER, HeldError, ProcessLock


class RobotLock(ProcessLock):
    """Holds a command topic of a ROS domain for this process, until release() or its end.

    Args:
        domain: ROS domain.
        topic: full name of the topic on which the robot's commands are told.
        folder: where the lock files lie.

    Raises:
        UserError: another process of this user on this machine holds it.
    """

    def __init__(self, domain: int, topic: str, folder: Path = LOCK_FOLDER) -> None:
        key = hashlib.sha256(topic.encode()).hexdigest()[:8]
        try:
            super().__init__(f"robot-{domain}-{key}", folder)
        except HeldError as error:
            raise UserError(
                f"process {error.holder} already commands a robot here",
                "stop it first, or choose another ROS_DOMAIN_ID or namespace",
                topic,
            ) from None
