"""`vip eval`: the success rate of a policy with its interval; lockstep, live, or on a real robot."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from vip_bringup.json_file import check_place, write_json
from vip_ros.errors import UserError

NAME = "eval"
HELP = "success rate of a policy with its 95 % Wilson interval: simulated, live, or judged by a person"
EXAMPLE = "vip eval --policy policy --task CloseDrawer --episodes 20 --json result.json --videos failures"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--policy", type=Path, required=True, metavar="POLICY", help="policy bundle")
    parser.add_argument("--task", default="", metavar="T", help="task (default: the policy's own)")
    parser.add_argument("--episodes", type=int, default=10, metavar="N", help="how many scenes (default 10)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--videos", type=Path, metavar="DIR", help="write films of the failures here")
    parser.add_argument(
        "--seed", type=int, default=1_000_000, help="scene seed of the first episode (default 1000000)"
    )
    parser.add_argument("--timeout", type=float, default=10.0, metavar="S", help="s per episode (default 10)")
    parser.add_argument(
        "--encoder",
        default="",
        metavar="CARD",
        help="card of the policy's encoder, if it is one of your own",
    )
    parser.add_argument(
        "--weights", type=Path, metavar="FILE", help="the encoder's weights instead of its card's own"
    )
    live = parser.add_argument_group("through the live graph")
    live.add_argument("--live", action="store_true", help="run through the ROS graph instead of in lockstep")
    live.add_argument(
        "--config",
        default="default",
        metavar="FILE",
        help="configuration as of 'vip up'; on a real robot a person sets each scene and says the outcome",
    )
    live.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NODE.PARAM=VALUE",
        help="parameter of a node, repeatable",
    )
    live.add_argument(
        "--like", default="", metavar="FILE", help="image or episode that vip/overlay shows to begin like"
    )


def run(args: argparse.Namespace) -> int:
    """Evaluate and print the rate."""
    if args.episodes < 1 or args.seed < 0 or not args.timeout > 0:
        raise UserError("--episodes, --seed and --timeout count up", "give at least 1, 0 and more than 0")
    if not args.live and (args.config != "default" or args.set or args.like):
        raise UserError("--config, --set and --like are for the live graph", "add --live")
    if args.json:
        check_place(args.json)
    from vip_bringup.demo.progress import CONSOLE

    report = _live(args) if args.live else _lockstep(args)
    if args.json:
        write_json(args.json, report)
    low, high = report["wilson95"]
    CONSOLE.print(
        f"{report['task']}: {report['successes']} of {report['episodes']} solved "
        f"({report['success_rate']:.0%}, 95 % interval {low:.0%} to {high:.0%})"
    )
    if args.videos:
        CONSOLE.print(f"{args.videos}: films of {report['episodes'] - report['successes']} failures")
    return 0


def _lockstep(args: argparse.Namespace) -> dict[str, Any]:
    from policy_node.evaluation import EpisodeResult
    from vip_bringup.demo.progress import step
    from vip_bringup.evaluating.lockstep import evaluate_lockstep
    from vip_bringup.evaluating.sight import Sight

    done: list[EpisodeResult] = []
    with step(f"{args.episodes} episodes in the simulator") as bar:

        def told(result: EpisodeResult) -> None:
            done.append(result)
            bar.update("evaluating", len(done), args.episodes)

        return evaluate_lockstep(
            args.policy,
            args.task,
            args.episodes,
            args.seed,
            args.timeout,
            Sight(args.encoder, args.weights),
            args.videos,
            told,
        )


def _live(args: argparse.Namespace) -> dict[str, Any]:
    from vip_bringup.demo.progress import CONSOLE
    from vip_bringup.demo.report import EpisodeTrace
    from vip_bringup.evaluating.live import LiveEvaluation, evaluate_live

    options = LiveEvaluation(
        policy=args.policy,
        task=args.task,
        episodes=args.episodes,
        seed=args.seed,
        timeout=args.timeout,
        config=args.config,
        encoder=args.encoder,
        settings=(*([f"reward_node.weights={args.weights}"] if args.weights else []), *args.set),
        like=args.like,
        videos=args.videos,
    )

    def told(trace: EpisodeTrace) -> None:
        CONSOLE.print(f"  scene {trace.seed}: {trace.outcome} after {trace.duration:.1f} s")

    CONSOLE.print(f"{args.episodes} episodes through the live ROS graph", style="bold")
    return evaluate_live(options, told)
