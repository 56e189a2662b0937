"""The middleware profile: large images must not be lost between two processes of one machine."""

from __future__ import annotations

import os
from pathlib import Path

PROFILE = Path(__file__).with_name("fastdds.xml")
_PROFILE_VARIABLE = "FASTRTPS_DEFAULT_PROFILES_FILE"
# Any of these means that the user has chosen the transports already.
_USER_CHOICES = (_PROFILE_VARIABLE, "FASTDDS_DEFAULT_PROFILES_FILE", "FASTDDS_BUILTIN_TRANSPORTS")


def configure_middleware() -> None:
    """Set the shipped Fast DDS profile through the environment; call before rclpy.init.

    Leaves everything alone when the user has set a profile or transports, or runs another middleware.
    """
    if _is_fastdds() and not any(os.environ.get(name) for name in _USER_CHOICES):
        os.environ[_PROFILE_VARIABLE] = str(PROFILE)


def active_profile() -> str:
    """Return in words which middleware profile a node started now would use."""
    if not _is_fastdds():
        return f"{os.environ['RMW_IMPLEMENTATION']}, its own configuration"
    for name in _USER_CHOICES:
        value = os.environ.get(name)
        if value and Path(value) != PROFILE:
            return f"rmw_fastrtps_cpp, {name}={value} (set by the user)"
    return f"rmw_fastrtps_cpp, {PROFILE} (shipped: 16 MB of shared memory per process)"


def _is_fastdds() -> bool:
    return os.environ.get("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp").startswith("rmw_fastrtps")
