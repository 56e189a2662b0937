"""How long the disk lasts: a warning well before it is full, a stop before it hurts."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vip_ros.errors import UserError

_MIB = 1 << 20


@dataclass(frozen=True)
class DiskLimits:
    """When to warn and when to stop.

    Attributes:
        warn_minutes: recording time left at which to warn, min.
        warn_mib: free space at which to warn, MiB.
        stop_mib: free space at which recording ends, MiB; the index of the bag must still fit.
    """

    warn_minutes: float = 10.0
    warn_mib: float = 2048.0
    stop_mib: float = 512.0


class DiskWatch:
    """Looks at the space left for a folder.

    Args:
        folder: on the disk that is written to.
        limits: when to warn and stop.
        free: how to ask for the free bytes, for tests.
    """

    def __init__(self, folder: Path, limits: DiskLimits, free: Callable[[Path], int] | None = None) -> None:
        self._folder, self._limits = folder, limits
        self._ask = free or (lambda path: shutil.disk_usage(path).free)

    def free(self) -> int:
        """Return the free bytes.

        Raises:
            UserError: the folder is not there (any more), such as on a disk that was unplugged.
        """
        try:
            return self._ask(self._folder)
        except OSError as error:
            problem = f"the folder of episodes cannot be reached ({error.strerror or error})"
            raise UserError(problem, "bring its disk back, or make it again", str(self._folder)) from error

    def must_stop(self, free: int) -> bool:
        """Tell whether recording must end now."""
        return free < self._limits.stop_mib * _MIB

    def warning(self, free: int, bytes_per_second: float) -> str:
        """Return what to tell the user about the space left; empty when there is enough."""
        usable = max(0.0, free - self._limits.stop_mib * _MIB)
        minutes = usable / bytes_per_second / 60 if bytes_per_second > 0 else float("inf")
        if minutes >= self._limits.warn_minutes and free >= self._limits.warn_mib * _MIB:
            return ""
        left = f", {minutes:.0f} min at this rate" if minutes < 1e4 else ""
        return f"the disk is nearly full: {free / _MIB:.0f} MiB free{left}"
