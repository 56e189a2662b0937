"""Who gives way where there is not enough CPU for all: what shows, before what acts."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

LITTLE, ALL = 5, 19
"""Nice values: an even share becomes a third of one; what nobody else wants."""


def give_way(level: int = LITTLE, pid: int = 0) -> None:
    """Lower the priority of a process (0: this one) and, where it leads a session, of the session.

    Linux shares time between sessions first (autogroups, sched(7)): among them a process's own nice value
    says nothing. A terminal's session is left alone, for its shell would stay slow when the process has
    ended. Where the system does not allow it, nothing changes.
    """
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, max(level, os.getpriority(os.PRIO_PROCESS, pid)))
        if os.getsid(pid) == (pid or os.getpid()):
            Path(f"/proc/{pid or 'self'}/autogroup").write_text(str(level), encoding="ascii")
