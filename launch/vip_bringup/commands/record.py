"""`vip record`: demonstrations as episodes on disk."""

from __future__ import annotations

import argparse
from pathlib import Path

from vip_ros.errors import UserError

NAME = "record"
HELP = "record demonstrations of a task as episodes (rosbag2) on disk, through the live graph"
EXAMPLE = "vip record --task CloseDrawer --episodes 20 --teleop scripted --out demonstrations"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--task", required=True, metavar="T", help="task, such as CloseDrawer")
    parser.add_argument("--episodes", type=int, default=1, metavar="N", help="how many (default 1)")
    parser.add_argument(
        "--teleop",
        default="scripted",
        metavar="DEVICE",
        help="who drives: scripted (default), keyboard, gamepad, ...; none records what others drive",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the episodes")
    parser.add_argument("--seed", type=int, default=0, help="scene seed of the first episode (default 0)")
    parser.add_argument(
        "--lockstep",
        action="store_true",
        help="scripted only: in a simulator that waits, without the graph and faster than real time",
    )
    live = parser.add_argument_group("through the live graph")
    live.add_argument(
        "--config",
        default="default",
        metavar="FILE",
        help="configuration as of 'vip up' (default: simulated)",
    )
    live.add_argument(
        "--set",
        action="append",
        default=[],
        dest="settings",
        metavar="NODE.PARAM=VALUE",
        help="set a node's parameter, in lockstep only teleop_node's; may be given several times",
    )
    live.add_argument("--goal", default="", metavar="GOAL", help="goal of the rewards (reward_node.goal)")
    live.add_argument("--policy", default="", metavar="DIR", help="policy bundle that a person may take over")
    live.add_argument(
        "--images", default="raw", metavar="FORMAT", help="pictures: raw (default), png or jpeg"
    )


def run(args: argparse.Namespace) -> int:
    """Record and say where it is."""
    if args.episodes < 1 or args.seed < 0:
        raise UserError("--episodes and --seed count up", "give at least 1 episode and a seed from 0")
    out = args.out.expanduser()  # the shell leaves --out=~/x to us
    if args.lockstep:
        from vip_bringup.lockstep_recording import record_in_lockstep

        return record_in_lockstep(args.teleop, args.task, args.episodes, out, args.seed, args.settings)
    from vip_bringup.live_recording.command import LiveOptions, record_live

    options = LiveOptions(
        task=args.task,
        episodes=args.episodes,
        device="" if args.teleop == "none" else args.teleop,
        out=out,
        seed=args.seed,
        config=args.config,
        settings=tuple(args.settings),
        goal=args.goal,
        policy=args.policy,
        images=args.images,
    )
    return record_live(options)
