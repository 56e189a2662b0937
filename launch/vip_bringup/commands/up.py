"""`vip up`: bring the whole graph up without ROS's launch system."""

from __future__ import annotations

import argparse
import sys

NAME = "up"
HELP = "bring the graph up: camera, reward, policy, guard and robot (simulated by default); Ctrl-C stops it"
EXAMPLE = "vip up --config encode_live --set camera_node.source=video.mp4 --set reward_node.goal=video.mp4"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--config",
        default="default",
        metavar="FILE",
        help="YAML configuration, or the name of a shipped one: default, encode_live, real",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="settings",
        metavar="NODE.PARAM=VALUE",
        help="set a node's parameter; may be given several times",
    )
    parser.add_argument("--only", default="", metavar="NODE,NODE", help="start these nodes and no others")
    parser.add_argument("--policy", default="", metavar="DIR", help="policy bundle (policy_node.bundle)")
    parser.add_argument(
        "--plain", action="store_true", help="print every line of every node, also on a terminal"
    )
    parser.add_argument("--source", default="", metavar="SOURCE", help="camera source (camera_node.source)")


def run(args: argparse.Namespace) -> int:
    """Bring the graph up and keep it up until Ctrl-C."""
    from vip_bringup.graph import build_graph
    from vip_bringup.stack import run_stack

    only = [name.strip() for name in args.only.split(",") if name.strip()]
    graph = build_graph(args.config, args.settings, only, policy=args.policy, source=args.source)
    for name, reason in graph.left_out:
        print(f"{name} is left out: {reason}", flush=True)
    run_stack(graph, screen=sys.stdout.isatty() and not args.plain)
    return 0
