"""`vip record --lockstep`: scripted demonstrations in a simulator that waits for them."""

from __future__ import annotations

from pathlib import Path

from vip_bringup.demo.progress import CONSOLE, step
from vip_ros.errors import UserError
from vip_teleop.demonstration import Demonstration
from vip_teleop.devices import DEVICES
from vip_teleop.episode import list_unfinished
from vip_teleop.recording import record


def record_in_lockstep(teleop: str, task: str, episodes: int, out: Path, seed: int) -> int:
    """Record, say where it is, and return the exit status.

    Raises:
        UserError: unknown device or task, a device that needs the live graph.
    """
    kind = DEVICES.get(teleop)
    if not hasattr(kind, "demonstrate"):
        raise UserError(f"'{teleop}' cannot work in lockstep", "leave --lockstep out, or use scripted")
    device = kind()
    outcomes: list[bool] = []
    with step(f"{episodes} demonstrations of {task} by {teleop}, in lockstep") as bar:

        def told(path: Path, demonstration: Demonstration) -> None:
            outcomes.append(demonstration.success)
            bar.update("recording", len(outcomes), episodes)

        try:
            paths = record(device, teleop, task, episodes, out, seed, told)
        finally:
            device.close()
    CONSOLE.print(f"{out}: {paths[0].name} to {paths[-1].name}, {sum(outcomes)} solved the task")
    if leftovers := list_unfinished(out):
        CONSOLE.print(f"{len(leftovers)} unfinished recordings lie there too; a live recorder recovers them")
    return 0
