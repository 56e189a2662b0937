"""`vip demo`: the main job, end to end, on the simulated arm and camera."""

from __future__ import annotations

import argparse
from pathlib import Path

from vip_ros.errors import UserError

NAME = "demo"
HELP = "the main job on the simulated arm: demonstrations, policy, closed loop through the ROS graph, report"
EXAMPLE = "vip demo --task CloseDrawer --out demo_out"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--task", default="CloseDrawer", metavar="T", help="simulator task (default CloseDrawer)"
    )
    parser.add_argument(
        "--out", default="demo_out", metavar="DIR", help="folder of the results (default demo_out)"
    )
    parser.add_argument("--demonstrations", type=int, default=20, metavar="N", help="episodes to learn from")
    parser.add_argument(
        "--episodes", type=int, default=10, metavar="N", help="closed-loop episodes to judge by"
    )
    parser.add_argument("--encoder", default="vip-sim", metavar="ID", help="encoder card (default vip-sim)")
    parser.add_argument("--algorithm", default="rwr", metavar="A", help="offline learning algorithm")
    parser.add_argument("--seed", type=int, default=0, help="seed of demonstrations, training and evaluation")
    parser.add_argument("--timeout", type=float, default=10.0, metavar="S", help="s per closed-loop episode")


def run(args: argparse.Namespace) -> int:
    """Run the demo and print what came of it."""
    for name, least in (("demonstrations", 2), ("episodes", 1), ("seed", 0)):
        if getattr(args, name) < least:
            raise UserError(f"--{name} is {getattr(args, name)}", f"give {least} or more")
    if not args.timeout > 0:
        raise UserError(f"--timeout is {args.timeout}", "give a time in s above 0")
    from franka_node.sim.tasks import task_name
    from vip_bringup.demo.pipeline import DemoOptions, run_demo
    from vip_bringup.demo.progress import CONSOLE

    options = DemoOptions(
        task=task_name(args.task),
        out=Path(args.out),
        demonstrations=args.demonstrations,
        episodes=args.episodes,
        encoder=args.encoder,
        algorithm=args.algorithm,
        seed=args.seed,
        timeout=args.timeout,
    )
    report = run_demo(options)
    low, high = report["wilson95"]
    latency = report["latency_ms"]
    CONSOLE.print(
        f"\n{report['task']}: {report['successes']} of {report['episodes']} solved "
        f"({report['success_rate']:.0%}, 95 % interval {low:.0%} to {high:.0%})",
        style="bold",
    )
    CONSOLE.print(
        f"image to command {latency['p50']} ms p50, {latency['p95']} p95, {latency['p99']} p99; "
        f"{report['dropped_frames']} frames dropped; {report['total_seconds']:.0f} s in all\n"
        f"{options.out}/report.json  reward_curve.png  rollout.mp4"
    )
    return 0
