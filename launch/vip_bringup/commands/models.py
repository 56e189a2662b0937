"""vip models: the encoder cards and their weights."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from vip_models import EncoderCard

NAME = "models"
HELP = "list, show, fetch, verify or export the encoders"
EXAMPLE = "vip models fetch vip-resnet50"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vip models`."""
    parser.add_argument("action", choices=sorted(_ACTIONS))
    parser.add_argument("encoder", nargs="?", help="encoder card (all actions but list need one)")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="weights file instead of the card's own")
    parser.add_argument("--out", type=Path, metavar="FILE", help="file that export writes (.onnx)")


def run(args: argparse.Namespace) -> int:
    """Do the action and return the exit code."""
    from vip_models import load_card
    from vip_ros.errors import UserError

    if args.action == "list":
        return _list()
    if args.encoder is None:
        raise UserError(f"vip models {args.action} needs an encoder", "see `vip models list`")
    _ACTIONS[args.action](load_card(args.encoder), args)
    return 0


def _list() -> int:
    from vip_models import card_names, load_card
    from vip_models.weights import default_weights

    for name in card_names():
        card = load_card(name)
        state = "ready" if default_weights(card).is_file() else "to fetch" if card.urls else "bring weights"
        print(f"{name:14} {card.dim:5}  {state:13}  {card.about}")
    return 0


def _show(card: EncoderCard, args: argparse.Namespace) -> None:
    fields = {key: list(value) if isinstance(value, tuple) else value for key, value in vars_of(card).items()}
    print(yaml.safe_dump(fields, sort_keys=False), end="")


def vars_of(card: EncoderCard) -> dict[str, object]:
    """Return the card's fields that say something."""
    return {key: value for key, value in dataclasses.asdict(card).items() if value not in ("", (), None)}


def _fetch(card: EncoderCard, args: argparse.Namespace) -> None:
    from rich.progress import Progress

    from vip_models.fetch import fetch_weights
    from vip_models.weights import file_sha256

    with Progress(transient=True) as bar:
        task = bar.add_task(card.name, total=None)
        path = fetch_weights(card, lambda done, total: bar.update(task, completed=done, total=total or None))
    print(f"{path}  sha256 {file_sha256(path)}")


def _verify(card: EncoderCard, args: argparse.Namespace) -> None:
    from vip_models.export import load_network
    from vip_models.weights import file_sha256, locate_weights

    path = locate_weights(card, args.weights)
    load_network(card, path)
    pinned = "as pinned in the card" if file_sha256(path) == card.sha256 else "not pinned in the card"
    print(f"{path}: fits {card.name} ({card.architecture}, {card.dim}); sha256 {file_sha256(path)}, {pinned}")


def _export(card: EncoderCard, args: argparse.Namespace) -> None:
    from vip_models.export import export_onnx, load_network
    from vip_models.weights import locate_weights

    out = args.out or Path(f"{card.name}.onnx")
    export_onnx(load_network(card, locate_weights(card, args.weights)), card, out)
    print(f"{out}: frames uint8 [N,{card.crop},{card.crop},3] → embedding float32 [N,{card.dim}]")


_ACTIONS: dict[str, Callable[[EncoderCard, argparse.Namespace], None]] = {
    "list": lambda card, args: None,
    "show": _show,
    "fetch": _fetch,
    "verify": _verify,
    "export": _export,
}
