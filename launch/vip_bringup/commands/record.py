"""`vip record`: demonstrations as episodes on disk."""

from __future__ import annotations

import argparse
from pathlib import Path

from vip_ros.errors import UserError

NAME = "record"
HELP = "record demonstrations of a task as episodes (rosbag2) on disk"
EXAMPLE = "vip record --task CloseDrawer --episodes 20 --teleop scripted --out demonstrations"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--task", required=True, metavar="T", help="task, such as CloseDrawer")
    parser.add_argument("--episodes", type=int, default=1, metavar="N", help="how many (default 1)")
    parser.add_argument(
        "--teleop", default="scripted", metavar="DEVICE", help="who gives the commands (default scripted)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the episodes")
    parser.add_argument("--seed", type=int, default=0, help="scene seed of the first episode (default 0)")


def run(args: argparse.Namespace) -> int:
    """Record and say where it is."""
    if args.episodes < 1 or args.seed < 0:
        raise UserError("--episodes and --seed count up", "give at least 1 episode and a seed from 0")
    from vip_bringup.demo.progress import CONSOLE, step
    from vip_teleop.demonstration import Demonstration
    from vip_teleop.devices import DEVICES
    from vip_teleop.episode import list_unfinished
    from vip_teleop.recording import record

    device = DEVICES.get(args.teleop)()
    outcomes: list[bool] = []
    with step(f"{args.episodes} demonstrations of {args.task} by {args.teleop}") as bar:

        def told(path: Path, demonstration: Demonstration) -> None:
            outcomes.append(demonstration.success)
            bar.update("recording", len(outcomes), args.episodes)

        try:
            paths = record(device, args.teleop, args.task, args.episodes, args.out, args.seed, told)
        finally:
            device.close()
    CONSOLE.print(f"{args.out}: {paths[0].name} to {paths[-1].name}, {sum(outcomes)} solved the task")
    if leftovers := list_unfinished(args.out):
        CONSOLE.print(f"{len(leftovers)} unfinished recordings lie there too (.recording-*): safe to delete")
    return 0
