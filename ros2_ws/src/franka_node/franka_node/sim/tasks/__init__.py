"""Tasks by name: one file each, registered when imported."""

from __future__ import annotations

from franka_node.sim.tasks.base import TASKS, Task, Waypoint, task_name

__all__ = ["TASKS", "Task", "Waypoint", "task_name"]
