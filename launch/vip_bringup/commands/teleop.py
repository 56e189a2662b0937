"""`vip teleop`: drive the arm by hand, in the foreground of a terminal."""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from pathlib import Path

NAME = "teleop"
HELP = "drive the arm with a keyboard, gamepad, SpaceMouse or leader arm; take it over from a running policy"
EXAMPLE = "vip teleop --device keyboard --up --task CloseDrawer"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--device",
        default="keyboard",
        metavar="NAME",
        help="keyboard (default), joy, gamepad, spacemouse, leader, kinesthetic or scripted",
    )
    parser.add_argument(
        "--up", action="store_true", help="bring the configured stack up too (default: one runs already)"
    )
    parser.add_argument("--config", default="default", metavar="FILE", help="YAML configuration of the stack")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="settings",
        metavar="NODE.PARAM=VALUE",
        help="set a node's parameter, such as teleop_node.linear_speed=0.05; may be given several times",
    )
    parser.add_argument("--task", default="", metavar="T", help="with --up: task of the simulated scene")
    parser.add_argument("--seed", type=int, help="with --up: scene seed (default 0)")


def run(args: argparse.Namespace) -> int:
    """Drive until Ctrl-C or Q."""
    from vip_bringup.demo.progress import CONSOLE, step
    from vip_bringup.demo.stack import RunningStack
    from vip_bringup.graph import build_graph
    from vip_bringup.settings import is_setting_of
    from vip_ros.errors import UserError
    from vip_teleop.devices import DEVICES
    from vip_teleop.foreground import run_foreground

    DEVICES.get(args.device)  # before anything is brought up
    if args.task and not args.up:
        raise UserError("--task chooses the scene of a stack that is brought up", "add --up")
    own = [*args.settings, f"teleop_node.device={args.device}"]
    graph = build_graph(args.config, own, ["teleop_node"])
    others = [text for text in args.settings if not is_setting_of("teleop_node", text)]
    if (others or args.seed is not None) and not args.up:
        raise UserError("--seed, and --set of other nodes, are for a stack that is brought up", "add --up")
    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory(prefix="vip-teleop-") as folder:
        if args.up:
            scene = [f"franka_node.task={_task(args.task)}"] if args.task else []
            settings = [*others, *scene, f"franka_node.seed={args.seed or 0}"]
            running = RunningStack(settings, Path(folder) / "stack.log", config=args.config)
            with step("bringing the stack up"):
                stack.enter_context(running)
        else:
            CONSOLE.print("waiting for the robot's joint states; Ctrl-C ends")
        words = graph.nodes[0].arguments(graph.nodes[0].write_parameters(Path(folder)), graph.namespace)
        return run_foreground(words[words.index("--ros-args") + 1 :])


def _task(name: str) -> str:
    from franka_node.sim.tasks import task_name

    return task_name(name)
