"""vip pretrain: an encoder from video."""

from __future__ import annotations

import argparse
from pathlib import Path

NAME = "pretrain"
HELP = "train an encoder on videos with the VIP objective or another; stop it and start it again at will"
EXAMPLE = (
    "vip pretrain --videos films --architecture resnet18 --steps 20000 --out my-encoder\n"
    "  torchrun --nproc-per-node 8 -m vip_bringup.cli pretrain --videos ego4d --out ego4d-vip"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vip pretrain`."""
    add = parser.add_argument
    add("--videos", type=Path, required=True, metavar="DIR",
        help="video files, frame folders, recorded episodes, or Ego4D with R3M's manifest.csv")  # fmt: skip
    add("--source", default="auto", metavar="NAME", help="kind of the videos (default: recognised)")
    add("--out", type=Path, required=True, metavar="DIR", help="folder of checkpoint, logs and results")
    add("--objective", default="vip", metavar="NAME", help="training objective (default: vip)")
    add("--encoder", default="vip-resnet18", metavar="ID",
        help="card whose network and input to use (default: vip-resnet18)")  # fmt: skip
    add("--architecture", metavar="NAME", help="network instead of the card's, such as resnet50")
    add("--size", type=int, default=0, metavar="PX", help="side of the input (default: the network's)")
    add("--dim", type=int, default=0, metavar="N", help="length of the embedding (default: the card's)")
    add("--name", metavar="NAME", help="of the new encoder (default: that of the output folder)")
    add("--init", default="random", metavar="WHAT",
        help="weights to start from: random, a file, or an encoder's name (default: random)")  # fmt: skip
    _add_optimisation(parser)
    _add_machine(parser)


def _add_optimisation(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--steps", type=int, default=10_000, metavar="N", help="steps (default: 10000)")
    add("--batch", type=int, default=32, metavar="N", help="clips per step, all processes (default: 32)")
    add("--accumulate", type=int, default=1, metavar="N", help="parts a batch is computed in, to save memory")
    add("--learning-rate", type=float, default=1e-4, metavar="X", help="of Adam (default: 1e-4)")
    add(
        "--decay", default="none", metavar="NAME", help="of the learning rate: none or cosine (default: none)"
    )
    add("--gamma", type=float, default=0.98, metavar="X", help="discount per frame (default: 0.98)")
    add("--negatives", type=int, default=3, metavar="N", help="comparisons with other clips (default: 3)")
    add("--l1", type=float, default=1e-3, metavar="X", help="weight of the L1 norm (default: 0.001)")
    add("--l2", type=float, default=1e-3, metavar="X", help="weight of the L2 norm (default: 0.001)")
    add("--returns", type=float, default=0.0, metavar="X",
        help="weight of regressing distances on the time between frames (default: 0)")  # fmt: skip
    add("--order", type=float, default=0.0, metavar="X",
        help="weight of ranking frames by their distance to every later one (default: 0)")  # fmt: skip
    add("--reconstruct", type=float, default=0.0, metavar="X",
        help="weight of reading a small picture linearly from the embedding (default: 0)")  # fmt: skip
    add("--frozen", default="", metavar="LAYER",
        help="train only what comes after this layer, on features kept (default: all)")  # fmt: skip
    add("--views", type=int, default=2, metavar="N",
        help="crops of each video that such features are made of (default: 2)")  # fmt: skip
    add("--smallest-crop", type=float, default=0.2, metavar="X",
        help="least share of a frame that a random crop keeps, 1 for no cropping (default: 0.2)")  # fmt: skip
    add("--seed", type=int, default=1, metavar="N", help="of weights and sampling (default: 1)")
    add("--validation", type=Path, metavar="DIR", help="held-out videos (default: a share of --videos)")
    add("--held-out", type=float, default=0.05, metavar="X", help="that share (default: 0.05)")
    add("--validation-every", type=int, default=0, metavar="N", help="steps (default: once, at the end)")
    add("--early-stop", type=int, default=0, metavar="N",
        help="validations without a better loss after which to stop (default: never)")  # fmt: skip


def _add_machine(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--precision", default="auto", metavar="P", help="auto, fp32 or bf16 (default: auto)")
    add("--cache", type=Path, metavar="DIR", help="decode all frames once, into this folder")
    add("--cache-size", type=int, default=0, metavar="PX", help="their short side (default: the input's)")
    add("--workers", type=int, default=0, metavar="N", help="threads that read frames (default: by cores)")
    add("--threads", type=int, default=0, metavar="N", help="CPU threads of the network (default: all)")
    add("--checkpoint-every", type=int, default=500, metavar="N", help="steps (default: 500)")
    add("--resume", action=argparse.BooleanOptionalAction, default=True,
        help="continue a checkpoint in --out (default), or refuse to")  # fmt: skip
    add("--no-sync-batch-norm", action="store_true", help="statistics per process, as the official trainer")


def run(args: argparse.Namespace) -> int:
    """Train, export, say where the results lie, and return the exit code."""
    from vip_models.torch_tools import import_torch

    import_torch("pre-training")
    from vip_bringup.pretraining import PretrainRequest, run_pretraining, training_card
    from vip_models.pretraining.config import PretrainConfig

    config = PretrainConfig(
        objective=args.objective, steps=args.steps, batch_size=args.batch, accumulate=args.accumulate,
        learning_rate=args.learning_rate, decay=args.decay, discount=args.gamma, negatives=args.negatives,
        l1_weight=args.l1, l2_weight=args.l2, reconstruct=args.reconstruct,
        returns=args.returns, order=args.order, frozen=args.frozen, views=args.views,
        smallest_crop=args.smallest_crop, precision=args.precision,
        sync_batch_norm=not args.no_sync_batch_norm, seed=args.seed, threads=args.threads,
        workers=args.workers, checkpoint_every=args.checkpoint_every,
        validation_every=args.validation_every, early_stop=args.early_stop,
    )  # fmt: skip
    name = args.name or args.out.resolve().name
    card = training_card(args.encoder, args.architecture, args.size, args.dim, name)
    run_pretraining(
        PretrainRequest(
            args.videos,
            args.out,
            card,
            config,
            args.source,
            args.validation,
            args.held_out,
            args.cache,
            args.cache_size,
            args.init,
            args.resume,
        )  # fmt: skip
    )
    return 0
