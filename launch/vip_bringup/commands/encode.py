"""vip encode: videos and frame folders to embeddings, distances and rewards."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from vip_ros.errors import UserError

if TYPE_CHECKING:
    from rich.progress import Progress

    from vip_reward_node.encode import EncodeResult

NAME = "encode"
HELP = "encode videos or folders of frames: embeddings, distances and rewards per frame, and the curve"
EXAMPLE = "vip encode close_drawer.mp4 --encoder vip-sim --out encoded"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vip encode`."""
    parser.add_argument(
        "inputs", nargs="+", type=Path, metavar="INPUT", help="video file, or folder of images"
    )
    parser.add_argument("--encoder", default="vip-sim", metavar="ID", help="encoder card (default: vip-sim)")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="weights file instead of the card's own")
    parser.add_argument(
        "--goal", default="last", metavar="last|IMAGE",
        help="goal: each input's last frame, or an image (of a video: its last frame) (default: last)",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the results")
    parser.add_argument(
        "--rate", type=_positive_float, metavar="HZ",
        help="frames per second to assume (default: the video's own, 25 for a folder)",
    )  # fmt: skip
    parser.add_argument(
        "--batch", type=_positive_int, default=8, metavar="N", help="frames per encoder run (default: 8)"
    )
    parser.add_argument(
        "--threads",
        type=_positive_int,
        default=0,
        metavar="N",
        help="CPU threads of the encoder (default: all cores)",
    )


def run(args: argparse.Namespace) -> int:
    """Encode, print one line per input, and return the exit code."""
    from vip_models import load_encoder
    from vip_reward_node.encode import EncodeRequest, encode_inputs

    encoder = load_encoder(args.encoder, args.weights, threads=args.threads)
    request = EncodeRequest(args.inputs, args.out, args.goal, args.rate, args.batch)
    with _progress_bar() as bar:
        tasks = {}

        def show(name: str, done: int, expected: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=expected or None)
            # What a file says of its length is an estimate: never more done than there is.
            bar.update(tasks[name], completed=done, total=max(expected, done) if expected else None)

        result = encode_inputs(request, encoder, show)
    _print(result, args.out)
    if result.failures:
        raise UserError(
            result.failures[0], f"{len(result.failures)} of {len(args.inputs)} inputs were not encoded"
        )
    return 0


def _print(result: EncodeResult, out: Path) -> None:
    for name, figures in result.metrics.items():
        print(
            f"{out / name}.npz  {figures['frames']} frames at {figures['frames_per_second']:.1f} frames/s"
            f"  bumps {figures['bumps']:.3f}  VOC {figures['voc']:+.3f}"
        )
        if figures["frames"] < figures["frames_expected"]:
            print(
                f"  only {figures['frames']} of the {figures['frames_expected']} frames that it announces "
                "could be decoded: the file may be cut short",
                file=sys.stderr,
            )
    for line in result.failures[1:]:
        print(f"vip encode: {line}", file=sys.stderr)


def _progress_bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _positive_float(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"'{text}' is not a positive number")
    return value


def _positive_int(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number above 0")
    return int(text)
