"""`vip eval`: the success rate of a policy in the simulator, with its interval."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from vip_ros.errors import UserError

if TYPE_CHECKING:
    from policy_node.bundle import PolicyConfig
    from policy_node.evaluation import EpisodeResult
    from vip_models import Encoder

NAME = "eval"
HELP = "success rate of a policy on the simulated arm, with its 95 % Wilson interval"
EXAMPLE = "vip eval --policy policy --task CloseDrawer --episodes 20 --json result.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--policy", type=Path, required=True, metavar="POLICY", help="policy bundle")
    parser.add_argument("--task", default="", metavar="T", help="simulator task (default: the policy's own)")
    parser.add_argument("--episodes", type=int, default=10, metavar="N", help="how many scenes (default 10)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument(
        "--seed", type=int, default=1_000_000, help="scene seed of the first episode (default 1000000)"
    )
    parser.add_argument("--timeout", type=float, default=10.0, metavar="S", help="s per episode (default 10)")
    parser.add_argument(
        "--weights", type=Path, metavar="FILE", help="the encoder's weights instead of its card's own"
    )


def run(args: argparse.Namespace) -> int:
    """Evaluate and print the rate."""
    if args.episodes < 1 or args.seed < 0 or not args.timeout > 0:
        raise UserError("--episodes, --seed and --timeout count up", "give at least 1, 0 and more than 0")
    from policy_node.evaluation import EvaluationConfig
    from policy_node.lockstep import evaluate_in_simulator
    from vip_bringup.demo.progress import CONSOLE, step
    from vip_models import load_encoder

    def load(config: PolicyConfig) -> Encoder:
        return load_encoder(config.encoder.split("@")[0], args.weights)

    done: list[EpisodeResult] = []
    with step(f"{args.episodes} episodes in the simulator") as bar:

        def told(result: EpisodeResult) -> None:
            done.append(result)
            bar.update("evaluating", len(done), args.episodes)

        report = evaluate_in_simulator(
            args.policy,
            load,
            args.task,
            args.episodes,
            args.seed,
            EvaluationConfig(timeout=args.timeout),
            told,
        )
    low, high = report["wilson95"]
    CONSOLE.print(
        f"{report['task']}: {report['successes']} of {report['episodes']} solved "
        f"({report['success_rate']:.0%}, 95 % interval {low:.0%} to {high:.0%})"
    )
    if args.json:
        _write(args.json, report)
    return 0


def _write(path: Path, report: dict[str, object]) -> None:
    try:
        path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError("cannot write the figures", error.strerror or str(error), str(path)) from None
