"""`vip export`: episodes in the formats of other software."""

from __future__ import annotations

import argparse
from pathlib import Path

NAME = "export"
HELP = "write episodes as a dataset of other software (LeRobot v3), with their true times"
EXAMPLE = "vip export --episodes demonstrations --format lerobot --out dataset"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--episodes", type=Path, required=True, metavar="DIR", help="folder of episodes")
    parser.add_argument("--format", default="lerobot", choices=("lerobot",), help="default: lerobot")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="new folder of the dataset")
    parser.add_argument(
        "--robot", default="panda", metavar="TYPE", help="robot type it names (default panda)"
    )
    parser.add_argument("--only-successes", action="store_true", help="leave out what is not marked success")


def run(args: argparse.Namespace) -> int:
    """Export and say what was written."""
    from vip_bringup.demo.progress import CONSOLE, step
    from vip_teleop.episode import list_episodes, load_info
    from vip_teleop.lerobot.export import export

    paths = list_episodes(args.episodes)
    if args.only_successes:
        paths = [path for path in paths if load_info(path).outcome == "success"]
    with step(f"{len(paths)} episodes as a LeRobot dataset") as bar:
        export(paths, args.out, args.robot, lambda done: bar.update("writing", done, len(paths)))
    CONSOLE.print(f"{args.out}: {len(paths)} episodes")
    return 0
