"""Cameras that OpenCV can open."""

from __future__ import annotations

import os
from pathlib import Path

from vip_bringup.checks import CHECKS, NOTE, OK, Finding


@CHECKS.register("camera")
def check() -> list[Finding]:
    """List the video devices and whether this user may read them."""
    devices = sorted(Path("/dev").glob("video*"))
    if not devices:
        return [Finding(NOTE, "no /dev/video* device", "plug a camera in, or use source sim or a video file")]
    return [_device(device) for device in devices]


def _device(device: Path) -> Finding:
    label = Path("/sys/class/video4linux") / device.name / "name"
    name = label.read_text(encoding="utf-8").strip() if label.is_file() else "unnamed"
    if os.access(device, os.R_OK | os.W_OK):
        return Finding(OK, f"{device} ({name})")
    return Finding(
        NOTE, f"{device} ({name}) may not be opened", 'run: sudo usermod -aG video "$USER", log in anew'
    )
