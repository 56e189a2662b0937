"""The keeper: outlives a killed supervisor just long enough to end the processes that it left behind.

Run as a script with the standard library alone. Standard input carries lines `+PGID` and `-PGID`: the process
groups that run. When it closes, groups still listed have GRACE_SECONDS to end (the kernel has told them when
the supervisor died), then they are killed. File descriptors handed down, such as the domain's lock, stay
held until then.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable

GRACE_SECONDS = 12.0


def listed_groups(lines: Iterable[str]) -> set[int]:
    """Read `+PGID` and `-PGID` lines to their end and return the groups that are left."""
    groups: set[int] = set()
    for line in lines:
        group = int(line[1:])
        if line[0] == "+":
            groups.add(group)
        else:
            groups.discard(group)
    return groups


def alive(group: int) -> bool:
    """Tell whether a process group has a member."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end_groups(groups: set[int], grace: float) -> None:
    """Wait for the groups to end; kill those that are left after the grace (s)."""
    limit = time.monotonic() + grace
    while any(alive(group) for group in groups) and time.monotonic() < limit:
        time.sleep(0.05)
    for group in groups:
        if alive(group):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    end_groups(listed_groups(sys.stdin), float(sys.argv[1]) if len(sys.argv) > 1 else GRACE_SECONDS)
