"""The middleware profile: large images must not be lost between two processes of one machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

# Every process takes its whole segment (17 MB or 5 MB) from shared memory when it starts.
_LARGE = Path(__file__).with_name("fastdds.xml")
_SMALL = Path(__file__).with_name("fastdds_small.xml")
_ENOUGH_FOR_LARGE = 256 * 1024**2
_SHARED_MEMORY = Path("/dev/shm")
_PROFILE_VARIABLE = "FASTRTPS_DEFAULT_PROFILES_FILE"
# Any of these means that the user has chosen the transports already.
_USER_CHOICES = (_PROFILE_VARIABLE, "FASTDDS_DEFAULT_PROFILES_FILE", "FASTDDS_BUILTIN_TRANSPORTS")


def configure_middleware() -> None:
    """Set the shipped Fast DDS profile through the environment; call before rclpy.init.

    Leaves everything alone when the user has set a profile or transports, or runs another middleware.
    """
    if _is_fastdds() and not any(os.environ.get(name) for name in _USER_CHOICES):
        os.environ[_PROFILE_VARIABLE] = str(shipped_profile())


def shipped_profile() -> Path:
    """Return the shipped profile that suits this machine's shared memory."""
    if not _SHARED_MEMORY.is_dir():
        return _LARGE
    return _LARGE if shutil.disk_usage(_SHARED_MEMORY).total >= _ENOUGH_FOR_LARGE else _SMALL


def active_profile() -> str:
    """Return in words which middleware profile a node started now would use."""
    if not _is_fastdds():
        return f"{os.environ['RMW_IMPLEMENTATION']}, its own configuration"
    for name in _USER_CHOICES:
        value = os.environ.get(name)
        if value and Path(value) not in (_LARGE, _SMALL):
            return f"rmw_fastrtps_cpp, {name}={value} (set by the user)"
    profile = shipped_profile()
    size = "16 MB" if profile == _LARGE else "4 MB"
    return f"rmw_fastrtps_cpp, {profile} (shipped: {size} of shared memory per process)"


def _is_fastdds() -> bool:
    return os.environ.get("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp").startswith("rmw_fastrtps")
