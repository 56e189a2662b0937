"""`vip show`: a recorded episode in Rerun."""

from __future__ import annotations

import argparse
from pathlib import Path

NAME = "show"
HELP = "a recorded episode in Rerun: pictures, goal, reward, joints, guard, on one time line"
EXAMPLE = """vip show episodes/close_drawer_0003
  vip show episodes/close_drawer_0003 --save episode.rrd"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("episode", type=Path, metavar="EPISODE", help="folder of the episode")
    parser.add_argument(
        "--save", type=Path, metavar="FILE", help="write a recording (.rrd) instead of opening the viewer"
    )


def run(args: argparse.Namespace) -> int:
    """Open the viewer, or write the recording."""
    from vip_bringup.demo.progress import CONSOLE, step
    from vip_bringup.episode_in_rerun import show

    with step(f"{args.episode.name} in Rerun") as bar:
        told = show(args.episode, args.save, lambda done, total: bar.update("reading", done, total))
    CONSOLE.print(told)
    return 0
