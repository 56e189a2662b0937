"""`vip episodes`: the library of recorded episodes."""

from __future__ import annotations

import argparse
from pathlib import Path

from vip_ros.errors import UserError

NAME = "episodes"
HELP = "list, show, verify, replay, trim, mark, merge, split, import episodes; new rewards"
EXAMPLE = """vip episodes list demonstrations
  vip episodes show demonstrations/close_drawer_0003 --out pictures
  vip episodes replay demonstrations/close_drawer_0003
  vip episodes trim demonstrations/close_drawer_0003 --begin 0.5 --end -1 --out trimmed
  vip episodes split demonstrations --test 0.2 --out parts"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="one line per episode, with its warnings")
    listing.add_argument("directory", type=Path, metavar="DIR")
    verify = actions.add_parser("verify", help="checksums, every message, every picture")
    verify.add_argument("directory", type=Path, metavar="DIR", help="a folder of episodes, or one episode")
    show = actions.add_parser("show", help="the description; contact sheet, joint plot and reward curve")
    show.add_argument("episode", type=Path)
    show.add_argument("--out", type=Path, metavar="DIR", help="write the pictures there")
    _add_replay(actions.add_parser("replay", help="the recorded motion on the robot, through the guard"))
    trim = actions.add_parser("trim", help="a part of an episode as a new one")
    trim.add_argument("episode", type=Path)
    trim.add_argument("--begin", type=float, default=0.0, metavar="S", help="s from the start (default 0)")
    trim.add_argument(
        "--end", type=float, default=0.0, metavar="S", help="s from the start; 0 or less: from the end"
    )
    _add_out(trim)
    mark = actions.add_parser("mark", help="a copy with another outcome")
    mark.add_argument("episode", type=Path)
    mark.add_argument("outcome", choices=("success", "failure", "unknown"))
    _add_out(mark)
    merge = actions.add_parser("merge", help="the episodes of several folders in one")
    merge.add_argument("sources", type=Path, nargs="+", metavar="DIR")
    _add_out(merge)
    split = actions.add_parser(
        "split", help="OUT/train and OUT/test, each task and outcome by the same share"
    )
    split.add_argument("directory", type=Path, metavar="DIR")
    split.add_argument("--test", type=float, default=0.2, metavar="SHARE", help="share to test on (0.2)")
    split.add_argument("--seed", type=int, default=0, help="of the random choice (default 0)")
    _add_out(split)
    bring = actions.add_parser("import", help="a LeRobot v3 dataset as episodes")
    bring.add_argument("dataset", type=Path, metavar="DIR")
    _add_out(bring)
    _add_recompute(actions.add_parser("recompute", help="copies with embeddings and rewards computed anew"))


def _add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the new episodes")


def _add_replay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("episode", type=Path)
    parser.add_argument("--config", default="default", metavar="FILE", help="configuration as of 'vip up'")
    parser.add_argument(
        "--set", action="append", default=[], dest="settings", metavar="NODE.PARAM=VALUE",
        help="set a node's parameter; may be given several times",
    )  # fmt: skip
    parser.add_argument("--speed", type=float, default=1.0, help="1 as recorded, 0.5 half as fast")


def _add_recompute(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", type=Path, metavar="DIR", help="a folder of episodes, or one episode")
    parser.add_argument("--encoder", default="vip-sim", metavar="ID", help="encoder card (default: vip-sim)")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="weights file instead of the card's own")
    parser.add_argument(
        "--goal", default="", help="as reward_node's goal; default: each episode's last picture"
    )
    _add_out(parser)


def run(args: argparse.Namespace) -> int:
    """Do the action and return the exit status."""
    from vip_bringup import episode_library

    if getattr(args, "out", None) is not None and args.out.exists() and not args.out.is_dir():
        raise UserError(f"{args.out} is not a folder", "name a folder with --out")
    return int(getattr(episode_library, f"run_{args.action}")(args))
