"""Tasks by name: one file each, registered when imported."""

from __future__ import annotations

from franka_node.sim.tasks.base import TASKS, Task, Waypoint, mend_for, table_tasks, task_name

__all__ = ["TASKS", "Task", "Waypoint", "mend_for", "table_tasks", "task_name"]
