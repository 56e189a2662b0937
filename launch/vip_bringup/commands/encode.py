"""vip encode: videos and frame folders to embeddings, distances and rewards."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vip_ros.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from vip_reward_node.encode import EncodeRequest, EncodeResult
    from vip_reward_node.protocols import EncoderLike

NAME = "encode"
HELP = "encode videos or folders of frames: embeddings, distances and rewards per frame, and the curve"
EXAMPLE = """vip encode close_drawer.mp4 --encoder vip-sim --out encoded
  vip encode *.mp4 --encoder vip-resnet50,r3m-resnet50,clip-rn50 --out compared
  vip encode *.mp4 --encoder liv-resnet50 --goal "text:close the drawer" --out encoded"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vip encode`."""
    parser.add_argument(
        "inputs", nargs="+", type=Path, metavar="INPUT", help="video file, folder of images, or episode"
    )
    parser.add_argument(
        "--encoder", action="append", metavar="ID[=WEIGHTS],…",
        help="encoder card, with a weights file where it is not the card's own (default: vip-sim); several, "
        "with commas or the option again, are compared in one table and one picture",
    )  # fmt: skip
    parser.add_argument("--weights", type=Path, metavar="FILE", help="weights file instead of the card's own")
    parser.add_argument(
        "--goal", default="last", metavar="GOAL",
        help="last: each input's last frame; uvd: that with the subgoals found on the way; an image, a video "
        "(its last frame), a folder of them (the mean), a goal file, a goal's name, text:WORDS, uvd:VIDEO "
        "(default: last)",
    )  # fmt: skip
    parser.add_argument("--goals-dir", type=Path, metavar="DIR", help="goal library (default: the user's)")
    parser.add_argument(
        "--metric", default="", choices=("l2", "cosine"),
        help="how distances to goals are measured (default: as the encoder's authors do, see its card)",
    )  # fmt: skip
    parser.add_argument(
        "--reward", default="dense", choices=("dense", "sparse"),
        help="dense: the decrease of the distance; sparse: 1 where the goal is reached, else 0",
    )  # fmt: skip
    parser.add_argument(
        "--reached-progress", type=_share, default=0.9, metavar="P",
        help="progress that reaches a goal without a threshold, in (0, 1] (default: 0.9)",
    )  # fmt: skip
    parser.add_argument(
        "--normalise", action="store_true", help="divide distances and rewards by the first distance"
    )
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
    """Encode, print what came of it, and return the exit code."""
    from vip_models.goals import GoalLibrary, default_library
    from vip_reward_node.encode import EncodeRequest
    from vip_reward_node.reward import RewardForm
    from vip_reward_node.tracker import ReachRule

    loaders = _loaders(args)
    request = EncodeRequest(
        inputs=args.inputs,
        out=args.out,
        goal=args.goal,
        rate=args.rate,
        batch_size=args.batch,
        metric=args.metric,
        form=RewardForm(args.reward, args.normalise),
        rule=ReachRule(args.reached_progress),
        library=GoalLibrary(args.goals_dir) if args.goals_dir else default_library(),
    )
    return _encode(request, *loaders.values()) if len(loaders) == 1 else _compare(request, loaders)


def _loaders(args: argparse.Namespace) -> dict[str, Callable[[], EncoderLike]]:
    """Return how to load each encoder, by a label of its own; raises UserError for one that is unknown."""
    from vip_models import load_card, load_encoder

    specs = [spec for text in args.encoder or ["vip-sim"] for spec in text.split(",") if spec]
    if args.weights is not None and len(specs) != 1:
        raise UserError("--weights is of one encoder", "write --encoder NAME=FILE,NAME=FILE")
    loaders: dict[str, Callable[[], EncoderLike]] = {}
    for spec in specs:
        name, _, weights = spec.partition("=")
        stem = label = load_card(name).name
        while label in loaders:
            label = f"{stem}-{sum(known.startswith(stem) for known in loaders) + 1}"
        loaders[label] = partial(load_encoder, name, weights or args.weights, threads=args.threads)
    return loaders


def _encode(request: EncodeRequest, load: Callable[[], EncoderLike]) -> int:
    from vip_reward_node.encode import encode_inputs

    encoder = load()
    with _progress_bar() as show:
        result = encode_inputs(request, encoder, show)
    _print(result, request.out)
    return _fail(result.failures, f"{len(result.failures)} of {len(request.inputs)} inputs were not encoded")


def _compare(request: EncodeRequest, loaders: dict[str, Callable[[], EncoderLike]]) -> int:
    from vip_reward_node.compare import compare_encoders, markdown

    with _progress_bar() as show:
        comparison = compare_encoders(
            request, loaders, lambda label, name, done, total: show(f"{label}: {name}", done, total)
        )
    print(markdown(comparison.rows), end="")
    print(f"{request.out / 'compare.png'}")
    return _fail(comparison.failures, "the others are compared")


def _fail(failures: list[str], rest: str) -> int:
    for line in failures[1:]:
        print(f"vip encode: {line}", file=sys.stderr)
    if failures:
        raise UserError(failures[0], rest)
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


@contextmanager
def _progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar per input on a terminal; yields what takes name, frames done and frames expected."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks = {}

        def show(name: str, done: int, expected: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=expected or None)
            # What a file says of its length is an estimate: never more done than there is.
            bar.update(tasks[name], completed=done, total=max(expected, done) if expected else None)

        yield show


def _share(text: str) -> float:
    value = _positive_float(text)
    if value > 1.0:
        raise argparse.ArgumentTypeError(f"'{text}' is not in (0, 1]")
    return value


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
