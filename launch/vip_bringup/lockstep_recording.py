"""`vip record --lockstep`: scripted demonstrations in a simulator that waits for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from vip_bringup.demo.progress import CONSOLE, step
from vip_bringup.settings import parse_override
from vip_ros.config import from_mapping
from vip_ros.errors import UserError
from vip_teleop.demonstration import Demonstration
from vip_teleop.devices import DEVICES
from vip_teleop.episode import list_unfinished
from vip_teleop.recording import record
from vip_teleop.teleop_config import TeleopConfig

_NODE = "teleop_node"


def record_in_lockstep(
    teleop: str, task: str, episodes: int, out: Path, seed: int, settings: Sequence[str] = ()
) -> int:
    """Record, say where it is, and return the exit status.

    Args:
        teleop: name of the device.
        task: task name.
        episodes: how many.
        out: folder that receives them.
        seed: scene seed of the first.
        settings: texts `teleop_node.parameter=value`; in lockstep no other node runs.

    Raises:
        UserError: unknown device, task or setting, a device that needs the live graph.
    """
    kind = DEVICES.get(teleop)
    if not hasattr(kind, "demonstrate"):
        raise UserError(f"'{teleop}' cannot work in lockstep", "leave --lockstep out, or use scripted")
    device = kind(_config(settings))
    device.open()
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


def _config(settings: Sequence[str]) -> TeleopConfig:
    values = {}
    for override in map(parse_override, settings):
        if override.node != _NODE:
            raise UserError(f"'{override.text}' sets {override.node}", f"in lockstep only {_NODE} can be set")
        values[override.parameter] = yaml.safe_load(override.value)
    return from_mapping(TeleopConfig, values, _NODE)
