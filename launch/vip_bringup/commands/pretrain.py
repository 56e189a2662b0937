"""vip pretrain: an encoder from video."""

from __future__ import annotations

import argparse
from pathlib import Path

NAME = "pretrain"
HELP = "train an encoder on a folder of videos with the VIP objective; stop it and start it again at will"
EXAMPLE = "vip pretrain --videos films --encoder vip-resnet18 --out my-encoder"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vip pretrain`."""
    parser.add_argument(
        "--videos", type=Path, required=True, metavar="DIR", help="folder of video files or of frame folders"
    )
    parser.add_argument("--objective", default="vip", choices=["vip"], help="training objective")
    parser.add_argument(
        "--encoder", default="vip-resnet18", metavar="ID",
        help="card whose architecture and input to use (default: vip-resnet18)",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the checkpoint")
    parser.add_argument("--steps", type=int, default=10_000, metavar="N", help="steps (default: 10000)")
    parser.add_argument("--batch", type=int, default=32, metavar="N", help="clips per step (default: 32)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed (default: 1)")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="CPU threads (default: all)")


def run(args: argparse.Namespace) -> int:
    """Train, print where the checkpoint lies, and return the exit code."""
    import numpy as np
    from rich.progress import Progress

    from vip_models import load_card
    from vip_models.pretrain import PretrainConfig, pretrain
    from vip_reward_node.video import Footage
    from vip_ros.errors import UserError

    if not args.videos.is_dir():
        raise UserError(f"no folder {args.videos}", "give a folder of videos with --videos DIR")
    card = load_card(args.encoder)
    inputs = sorted(path for path in args.videos.iterdir() if not path.name.startswith("."))
    videos = [np.stack([frame.rgb for frame in Footage(path)]) for path in inputs]
    config = PretrainConfig(steps=args.steps, batch_size=args.batch, seed=args.seed, threads=args.threads)
    with Progress(transient=True) as bar:
        task = bar.add_task("training", total=args.steps)
        path = pretrain(videos, card, config, args.out, lambda step, _: bar.update(task, completed=step))
    print(f"{path}\nuse it: --encoder {args.encoder} --weights {path}")
    return 0
