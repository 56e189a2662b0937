"""Camera sources by name: one file each."""

from __future__ import annotations

from vip_reward_node.cameras.base import CAMERAS, CameraSource, Frame, SourceConfig, camera_for

__all__ = ["CAMERAS", "CameraSource", "Frame", "SourceConfig", "camera_for"]
