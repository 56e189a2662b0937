"""vip models: the encoder cards and their weights."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vip_models import EncoderCard

NAME = "models"
HELP = "list, show, fetch, verify or export the encoders"
EXAMPLE = "vip models fetch vip-resnet50"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions of `vip models` and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="all encoders: dimension, input, size, weights, licence")
    _named(actions, "show", "what the card of an encoder says")
    fetch = _named(actions, "fetch", "download the published weights; goes on where it was cut off")
    fetch.add_argument(
        "--yes",
        action="store_true",
        help="agree to a licence that forbids commercial use without being asked",
    )
    verify = _named(actions, "verify", "check the weights' hash, load them and encode with them")
    export = _named(actions, "export", "write the network as ONNX, which runs without torch")
    for action in (verify, export):
        action.add_argument("--weights", type=Path, metavar="FILE", help="weights instead of the card's own")
    export.add_argument("--out", type=Path, metavar="FILE", help="file to write (default: NAME.onnx)")
    export.add_argument(
        "--tune",
        action="store_true",
        help="measure every runtime on this machine instead, and use the fastest that is exact enough",
    )
    export.add_argument(
        "--max-error", type=float, default=0.01, metavar="SHARE",
        help="with --tune: error of a distance that is allowed, of the first distance (default: 0.01)",
    )  # fmt: skip
    export.add_argument(
        "--frames", type=Path, nargs="+", default=[], metavar="VIDEO",
        help="with --tune: what errors are measured on (default: simulated demonstrations)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Do the action and return the exit code."""
    actions = {"list": _list, "show": _show, "fetch": _fetch, "verify": _verify, "export": _export}
    actions[args.action](args)
    return 0


def _named(actions: argparse._SubParsersAction, name: str, what: str) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=what, description=what)
    parser.add_argument("encoder", metavar="NAME", help="an encoder of `vip models list`, or a card file")
    return parser


def _list(args: argparse.Namespace) -> None:
    from vip_models.catalogue import catalogue

    entries = catalogue()
    rows = [("name", "dim", "input", "size (parameters)", "weights", "licence")]
    rows += [(e.card.name, str(e.card.dim), e.input, e.size, e.weights, e.licence) for e in entries]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for name, dim, *middle, licence in rows:
        cells = [name.ljust(widths[0]), dim.rjust(widths[1])]
        cells += [cell.ljust(width) for cell, width in zip(middle, widths[2:], strict=True)]
        print("  ".join([*cells, licence]))


def _show(args: argparse.Namespace) -> None:
    import yaml

    from vip_bringup.tuning import tuning_lines
    from vip_models import load_card
    from vip_models.catalogue import entry
    from vip_models.tuning_store import tunings_here

    card = load_card(args.encoder)
    print(yaml.safe_dump({**_fields(card), "weights": entry(card).weights}, sort_keys=False), end="")
    for tuning in tunings_here():
        if tuning.encoder.startswith(f"{card.name}@"):
            print("", *tuning_lines(tuning), sep="\n")


def _fields(card: EncoderCard) -> dict[str, object]:
    """Return the card's fields that say something."""
    fields = dataclasses.asdict(card).items()
    return {k: list(v) if isinstance(v, tuple) else v for k, v in fields if v not in ("", (), None)}


def _fetch(args: argparse.Namespace) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    from vip_models import load_card
    from vip_models.catalogue import entry
    from vip_models.fetch import fetch_weights
    from vip_models.licences import agree
    from vip_models.weights import file_sha256

    card = load_card(args.encoder)
    if entry(card).file is None and card.urls:
        agree(card, args.yes, _ask if sys.stdin.isatty() else None)
    columns = (
        "{task.description}",
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(card.name, total=None)
        path = fetch_weights(card, lambda done, total: bar.update(task, completed=done, total=total or None))
    print(f"{path}  sha256 {file_sha256(path)}  licence: {entry(card).licence}")


def _ask(terms: str) -> bool:
    return input(f"{terms[0].upper()}{terms[1:]}. Fetch them all the same? [y/N] ").strip().lower() in (
        "y",
        "yes",
    )


def _verify(args: argparse.Namespace) -> None:
    from vip_models.verify import verify_weights

    found = verify_weights(args.encoder, args.weights)
    print(f"{found.path}: {found.id} gives {found.dim} finite values; sha256 {found.sha256}, {found.origin}")


def _export(args: argparse.Namespace) -> None:
    if args.tune:
        _tune(args)
        if args.out is None:
            return
    from vip_models import load_card
    from vip_models.export import export_onnx, input_shape, load_network
    from vip_models.weights import locate_weights

    card = load_card(args.encoder)
    out = args.out or Path(f"{card.name}.onnx")
    export_onnx(load_network(card, locate_weights(card, args.weights)), card, out)
    shape = ",".join(str(size) for size in input_shape(card))
    print(f"{out}: frames uint8 [N,{shape}] → embedding float32 [N,{card.dim}]")


def _tune(args: argparse.Namespace) -> None:
    from vip_bringup.tuning import tune_encoder, tuning_lines

    path, tuning = tune_encoder(args.encoder, args.weights, args.frames, args.max_error)
    print(*tuning_lines(tuning), path, sep="\n")
