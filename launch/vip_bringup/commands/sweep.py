"""`vip sweep`: success over tasks, methods, encoders and amounts of data, as a table and pictures."""

from __future__ import annotations

import argparse
from pathlib import Path

from vip_ros.errors import UserError

NAME = "sweep"
HELP = "compare methods, encoders, temperatures and amounts of data on simulated tasks; goes on where it was"
EXAMPLE = "vip sweep --out comparison --task CloseDrawer --method rwr --method bc --episodes 20"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of cells, tables and pictures")
    parser.add_argument(
        "--task",
        action="append",
        default=[],
        metavar="T",
        help="simulator task, repeatable (default: those on the table)",
    )
    parser.add_argument(
        "--method", action="append", default=[], metavar="M", help="row, repeatable (default: all)"
    )
    parser.add_argument("--methods-file", type=Path, metavar="FILE", help="YAML with rows of your own")
    parser.add_argument("--list", action="store_true", help="list the rows that exist and leave")
    parser.add_argument(
        "--encoder",
        action="append",
        default=[],
        metavar="E[=FILE]",
        help="card, with other weights, repeatable (default vip-sim)",
    )
    parser.add_argument(
        "--demonstrations", type=int, nargs="+", default=[20], metavar="N", help="how many (default 20)"
    )
    parser.add_argument("--failures", type=int, default=0, metavar="N", help="failed episodes beside them")
    parser.add_argument(
        "--tau",
        type=float,
        nargs="+",
        default=[],
        metavar="T",
        help="temperatures (default: the method's own)",
    )
    parser.add_argument("--train-seed", type=int, nargs="+", default=[0], metavar="S", help="default 0")
    parser.add_argument("--episodes", type=int, default=20, metavar="N", help="scenes per cell (default 20)")
    parser.add_argument(
        "--seed", type=int, default=1_000_000, help="seed of the first scene (default 1000000)"
    )
    parser.add_argument("--timeout", type=float, default=10.0, metavar="S", help="s per episode (default 10)")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="episodes, TASK/demonstrations (default OUT/data)"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="OPTION=VALUE", help="training option of every row"
    )


def run(args: argparse.Namespace) -> int:
    """Run the cells that are not there yet, and write the tables."""
    from vip_bringup.sweep.methods import METHODS, methods_of

    methods = methods_of(args.method, args.methods_file)
    if args.list:
        for name, method in methods.items():
            print(f"{name:16} {method.about}{f' ({method.lacks})' if method.lacks else ''}")
        return 0
    if args.out is None:
        raise UserError("--out is missing", f"give a folder; rows: {', '.join(METHODS)}")
    if (
        min(args.episodes, *args.demonstrations) < 1
        or min(args.failures, args.seed) < 0
        or not args.timeout > 0
    ):
        raise UserError(
            "--episodes, --demonstrations, --failures and --seed count up", "give at least 1 or 0"
        )
    from vip_bringup.sweep.run import Plan, run_plan

    return run_plan(
        Plan(
            out=args.out,
            tasks=args.task,
            methods=methods,
            encoders=args.encoder or ["vip-sim"],
            demonstrations=args.demonstrations,
            failures=args.failures,
            taus=args.tau,
            train_seeds=args.train_seed,
            episodes=args.episodes,
            seed=args.seed,
            timeout=args.timeout,
            data=args.data or args.out / "data",
            settings=args.set,
        )
    )
