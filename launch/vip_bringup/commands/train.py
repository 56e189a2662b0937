"""`vip train`: a policy bundle from episodes."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
    parser.add_argument("--seed", type=int, help="seed of the training (default 0)")
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
    from vip_bringup.training_options import read_options, read_settings
    from vip_ros.config import from_mapping

    values = {**read_options(args.config), **read_settings(args.set)}
    if args.seed is not None:
        values["seed"] = args.seed
    options = from_mapping(TrainConfig, {**_for_failures(args, values), **values}, "training options")
    encoder = load_eyes(args.encoder, args.weights)
    with step(f"policy by {args.algorithm} on {encoder.id} embeddings") as bar:
        policy = train(args.episodes, encoder, args.algorithm, args.out, options, bar.update)
    figures = policy.training
    CONSOLE.print(
        f"{args.out}: {policy.task}, {figures['samples']} samples of {figures['episodes']} episodes, "
        f"{figures['steps']} steps in {figures['train_seconds']:.0f} s, "
        f"error {figures['error']:.3f} on the {figures['error_on']}"
    )
    return 0


def _for_failures(args: argparse.Namespace, chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options under which reward-weighting tells failed episodes from others, where some failed.

    Empty where none failed, or where a person chose how rewards are measured or how much they count.
    """
    from vip_bringup.demo.progress import CONSOLE
    from vip_bringup.sweep.methods import METHODS
    from vip_teleop.episode import list_episodes, load_info

    options = METHODS["rwr-episode"].options
    if args.algorithm != "rwr" or chosen.keys() & {"reward", "reward_scale", "metric", *options}:
        return {}
    outcomes = [load_info(path).outcome for path in list_episodes(args.episodes)]
    failed = len(outcomes) - outcomes.count("success")
    if not failed:
        return {}
    said = " ".join(f"--set {name}={value}" for name, value in options.items())
    CONSOLE.print(
        f"{failed} of {len(outcomes)} episodes did not succeed, so each is weighed as a whole: {said}"
    )
    return options
