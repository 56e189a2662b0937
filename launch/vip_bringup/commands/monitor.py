"""`vip monitor`: the running stack in a browser."""

from __future__ import annotations

import argparse

NAME = "monitor"
HELP = "the running stack in a browser: camera, goal, reward, joints, guard, recording, with buttons"
EXAMPLE = "vip monitor --port 8080"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address to serve at (default: 127.0.0.1, this machine only; "
        "at any other one, whoever reaches it can move the robot)",
    )
    parser.add_argument("--port", type=int, default=8080, metavar="N", help="TCP port (default: 8080)")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="host name under which a browser on another machine may open it; may be given several times",
    )
    parser.add_argument("--namespace", default="", metavar="NS", help="ROS namespace of the stack")


def run(args: argparse.Namespace) -> int:
    """Serve the dashboard until Ctrl-C."""
    from vip_bringup.dashboard.server import serve

    serve(args.host, args.port, tuple(args.allow_host), args.namespace)
    return 0
