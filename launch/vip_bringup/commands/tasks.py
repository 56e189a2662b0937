"""`vip tasks`: the simulated tasks, and pictures of them."""

from __future__ import annotations

import argparse
import inspect
from pathlib import Path

from vip_ros.errors import UserError, unknown_name

NAME = "tasks"
HELP = "the simulated tasks; with --picture, demonstrations of them frame by frame"
EXAMPLE = "vip tasks --task PushBottle --picture push_bottle.png --scenes 3"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--task",
        action="append",
        default=[],
        metavar="T",
        help="only this one; repeatable (default: those on the table)",
    )
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw demonstrations into this PNG")
    parser.add_argument("--scenes", type=int, default=1, metavar="N", help="rows per task (default 1)")
    parser.add_argument("--frames", type=int, default=5, metavar="N", help="pictures per row (default 5)")
    parser.add_argument(
        "--width", type=int, default=0, metavar="PX", help="shrink to this width (default: as drawn)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the first scene (default 0)")
    parser.add_argument("--style", default="expert", help="expert, detour, miss, short or wander")
    parser.add_argument("--variation", default="standard", help="standard, cluttered, colours or broad")
    parser.add_argument("--camera", default="", help="right, left, front or top (default: the task's own)")


def run(args: argparse.Namespace) -> int:
    """List the tasks, or draw them."""
    from franka_node.sim.tasks import TASKS, table_tasks, task_name

    chosen = [task_name(text) for text in args.task]
    if args.picture is None:
        for name in chosen or TASKS.names():
            print(_line(name))
        return 0
    if args.scenes < 1 or args.frames < 2 or args.seed < 0 or args.width < 0:
        raise UserError("--scenes, --frames, --seed and --width count up", "give at least 1, 2, 0 and 0")
    _draw(args, chosen or table_tasks())
    return 0


def _line(name: str) -> str:
    from franka_node.sim.tasks import TASKS, mend_for

    task = TASKS.get(name)
    about = (inspect.getdoc(inspect.getmodule(task)) or "").splitlines()[0]
    return f"{name:18} {about}" + (f" [not installed; {mend_for(task.extra)}]" if task.missing() else "")


def _draw(args: argparse.Namespace, names: list[str]) -> None:
    from franka_node.sim.pictures import contact_sheet
    from franka_node.sim.world import VARIATIONS
    from vip_bringup.demo.progress import CONSOLE, step
    from vip_bringup.small_png import write_small_png

    if args.variation not in VARIATIONS:
        raise unknown_name("variation", args.variation, VARIATIONS)
    seeds = range(args.seed, args.seed + args.scenes)
    with step(f"demonstrations of {', '.join(names)}") as bar:
        sheet = contact_sheet(
            names,
            seeds,
            args.frames,
            args.style,
            args.variation,
            args.camera,
            lambda done, total: bar.update("drawing", done, total),
        )
    write_small_png(args.picture, sheet, args.width or sheet.shape[1])
    CONSOLE.print(f"{args.picture}: {args.picture.stat().st_size // 1024} KiB")
