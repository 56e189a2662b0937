"""One stack per user and ROS domain."""

from __future__ import annotations

import os
from pathlib import Path

from vip_ros.errors import UserError
from vip_ros.process_lock import LOCK_FOLDER, HeldError, ProcessLock


def ros_domain() -> int:
    """Return the ROS domain of this process; raises UserError when ROS_DOMAIN_ID is no number."""
    text = os.environ.get("ROS_DOMAIN_ID", "").strip()
    if not text:
        return 0
    if not text.isdecimal():
        raise UserError(f"ROS_DOMAIN_ID is '{text}'", "set it to a number from 0 to 101")
    return int(text)


class DomainLock(ProcessLock):
    """Holds the ROS domain for one stack of this user until release() or the end of the process.

    Raises:
        UserError: another stack of this user holds it.
    """

    def __init__(self, folder: Path = LOCK_FOLDER) -> None:
        self.domain = ros_domain()
        try:
            super().__init__(f"domain-{self.domain}", folder)
        except HeldError as error:
            raise _refusal(self.domain, f"process {error.holder}") from None


def _refusal(domain: int, holder: str) -> UserError:
    other = domain + 1 if domain < 101 else 1
    return UserError(
        f"a stack is already running on ROS domain {domain} ({holder})",
        f"stop it first, or choose another domain: ROS_DOMAIN_ID={other}",
    )
