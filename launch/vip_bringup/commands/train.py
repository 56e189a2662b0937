"""`vip train`: a policy bundle from episodes."""

from __future__ import annotations

import argparse
from pathlib import Path

NAME = "train"
HELP = "learn a policy from episodes: weighted regression or behaviour cloning on a frozen encoder"
EXAMPLE = "vip train --episodes demonstrations --encoder vip-sim --algorithm rwr --out policy"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--episodes", type=Path, required=True, metavar="DIR", help="folder of episodes")
    parser.add_argument("--encoder", default="vip-sim", metavar="ID", help="encoder card (default vip-sim)")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="weights file instead of the card's own")
    parser.add_argument(
        "--algorithm", default="rwr", metavar="A", help="rwr (default), bc, awr, iql, scratch"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="POLICY", help="folder of the policy")
    parser.add_argument("--seed", type=int, default=0, help="seed of the training (default 0)")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="YAML file of training options (tau, steps, ...)"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="OPTION=VALUE", help="one training option, repeatable"
    )


def run(args: argparse.Namespace) -> int:
    """Train and say what came of it."""
    from policy_node.learning import TrainConfig
    from policy_node.training import train
    from vip_bringup.demo.progress import CONSOLE, step
    from vip_bringup.sweep.eyes import load_eyes
    from vip_bringup.sweep.methods import METHODS
    from vip_bringup.training_options import read_options, read_settings
    from vip_ros.config import from_mapping

    values = {"seed": args.seed, **read_options(args.config), **read_settings(args.set)}
    options = from_mapping(TrainConfig, values, "training options")
    encoder = load_eyes(args.encoder, args.weights)
    with step(f"policy by {args.algorithm} on {encoder.id} embeddings") as bar:
        policy = train(args.episodes, encoder, args.algorithm, args.out, options, bar.update)
    figures = policy.training
    CONSOLE.print(
        f"{args.out}: {policy.task}, {figures['samples']} samples of {figures['episodes']} episodes, "
        f"{figures['steps']} steps in {figures['train_seconds']:.0f} s, "
        f"error {figures['error']:.3f} on the {figures['error_on']}"
    )
    failed = figures["episodes"] - figures["successes"]
    if failed and args.algorithm == "rwr" and options.reward_steps > 0:
        far = " ".join(f"--set {name}={value:g}" for name, value in METHODS["rwr-to-end"].options.items())
        CONSOLE.print(
            f"{failed} of the episodes failed, which rewards of a moment do not tell: "
            f"{far} lets them look to the end"
        )
    return 0
