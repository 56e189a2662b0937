"""The machine: Python, cores, memory, disk, real-time kernel."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import sys
from pathlib import Path

from vip_bringup.checks import CHECKS, FAIL, NOTE, OK, Finding
from vip_ros.resources import cache_dir

LEAST_DISK = 2e9
"""Bytes that episodes, caches and a trained policy may take."""


@CHECKS.register("system")
def check() -> list[Finding]:
    """Report what the machine offers."""
    return [_python(), _cores(), _disk(), _real_time()]


def _python() -> Finding:
    return Finding(OK, f"Python {platform.python_version()} ({sys.executable}), {platform.platform()}")


def _cores() -> Finding:
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return Finding(OK if memory >= 4 else NOTE, f"{cores} cores, {memory:.0f} GB of memory")


def _disk() -> Finding:
    folder = cache_dir()
    free = shutil.disk_usage(folder).free
    what = f"{free / 1e9:.0f} GB free for {folder}"
    if free < LEAST_DISK:
        return Finding(FAIL, what, "make room, or set VIP_CACHE to a folder on another disk")
    return Finding(OK, what)


def _real_time() -> Finding:
    kernel = platform.release()
    flag = Path("/sys/kernel/realtime")
    preempt_rt = "PREEMPT_RT" in platform.version() or (flag.is_file() and flag.read_text().strip() == "1")
    if not preempt_rt:
        mend = (
            "a real arm at 1 kHz wants one (Ubuntu: sudo pro enable realtime-kernel); the simulator does not"
        )
        return Finding(NOTE, f"kernel {kernel} is no real-time kernel", mend)
    if resource.getrlimit(resource.RLIMIT_RTPRIO)[0] == 0:
        mend = "allow rtprio 99 to your group in /etc/security/limits.conf"
        return Finding(NOTE, f"real-time kernel {kernel}, but no real-time priority for this user", mend)
    return Finding(OK, f"real-time kernel {kernel}")
