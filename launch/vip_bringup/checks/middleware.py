"""ROS, its middleware and the profile that keeps large images from being lost."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from vip_bringup.checks import CHECKS, FAIL, NOTE, OK, Finding
from vip_bringup.lock import DomainLock, ros_domain
from vip_ros.errors import UserError
from vip_ros.middleware import active_profile

SHARED_MEMORY_FOR_IMAGES = 64 * 1024**2
"""Bytes of /dev/shm below which images of several processes do not fit."""


@CHECKS.register("middleware")
def check() -> list[Finding]:
    """Report rclpy, the interfaces, the domain, the profile in force and the shared memory."""
    return [_rclpy(), _interfaces(), _domain(), Finding(OK, f"profile: {active_profile()}"), _shared_memory()]


def _rclpy() -> Finding:
    try:
        import rclpy
        from rclpy.utilities import get_rmw_implementation_identifier

        middleware = get_rmw_implementation_identifier()
    except Exception as error:
        return Finding(FAIL, f"rclpy does not load: {error}", _mend_of_environment())
    distribution = os.environ.get("ROS_DISTRO", "jazzy wheels")
    return Finding(OK, f"rclpy ({distribution}) in {Path(rclpy.__file__).parent}, {middleware}")


def _mend_of_environment() -> str:
    wish = os.environ.get("RMW_IMPLEMENTATION")
    if wish and wish != "rmw_fastrtps_cpp":
        return f"RMW_IMPLEMENTATION={wish} may be missing here: unset it"
    return "run ./vip again, or source one ROS installation only"


def _interfaces() -> Finding:
    try:
        from vip_interfaces.msg import Embedding
    except ImportError as error:
        return Finding(FAIL, f"vip_interfaces is not built: {error}", "run ./vip again, or colcon build")
    return Finding(OK, f"vip_interfaces: {Path(__import__(Embedding.__module__).__file__ or '').parent}")


def _domain() -> Finding:
    reach = os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
    try:
        domain = ros_domain()
        DomainLock().release()
    except UserError as error:
        return Finding(NOTE, error.what, error.mend)
    return Finding(OK, f"ROS domain {domain}, discovery range {reach}, no stack running")


def _shared_memory() -> Finding:
    folder = Path("/dev/shm")
    if not folder.is_dir():
        return Finding(NOTE, "no /dev/shm: images travel over UDP", "mount a tmpfs there")
    usage = shutil.disk_usage(folder)
    what = f"/dev/shm: {usage.free / 1e6:.0f} of {usage.total / 1e6:.0f} MB free"
    if usage.free < SHARED_MEMORY_FOR_IMAGES / 2:
        return Finding(NOTE, what, "remove stale /dev/shm/fastrtps_*, or give the container --shm-size=256m")
    return Finding(OK, what)
