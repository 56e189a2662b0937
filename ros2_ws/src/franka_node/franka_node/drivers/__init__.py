"""Robots by driver name: one file each, registered when imported."""

from __future__ import annotations

from franka_node.drivers.base import DRIVERS, Driver, DriverConfig, RobotState, Scene, SceneDriver

__all__ = ["DRIVERS", "Driver", "DriverConfig", "RobotState", "Scene", "SceneDriver"]
