"""Encoder cards: one YAML file per encoder says how its weights become an embedding."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vip_ros.config import from_mapping, load_yaml, option
from vip_ros.errors import UserError, unknown_name
from vip_ros.resources import share_file

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
INTERPOLATIONS = ("bilinear", "bicubic", "bilinear-aliased", "tensorflow-bicubic")
METRICS = ("l2", "cosine")
_CHANNELS = 3
_OF_THE_NETWORK = ("architecture", "dim", "output", "state_path", "prefix", "resize", "crop")
# A card's name begins the names of files in the cache: nothing in it may lead elsewhere.
_NAME = re.compile(r"(\w[\w.+-]{0,99})?")


@dataclass(frozen=True)
class EncoderCard:
    """What has to be known about an encoder before its weights are opened."""

    name: str = option("", "the encoder's name, equal to the card's file name")
    about: str = option("", "one line for people")
    architecture: str = option("", "name in the architecture registry")
    dim: int = option(1024, "length of the embedding")
    parameters: float = option(0.0, "weights of the network, millions")
    output: str = option("fc", "the layer whose output is the embedding (not normalised)")
    state_path: str = option("vip", "key of the state dict inside a torch checkpoint ('' = the file itself)")
    prefix: str = option("module.convnet.", "prefix of every tensor's name, removed on loading")
    drop: tuple[str, ...] = option((), "tensors left out, by how their names begin once the prefix is gone")
    convert: str = option("torch", "name in the converter registry: how the file becomes tensors")
    resize: int = option(256, "short side after resizing, pixels")
    crop: int = option(224, "side of the square centre crop, pixels")
    interpolation: str = option(
        "bilinear",
        "bilinear or bicubic, both antialiased; bilinear-aliased; tensorflow-bicubic, aliased, of a crop",
    )
    passes_exact: bool = option(
        False, "whether a frame of exactly crop x crop pixels goes in as it is, neither resized nor cropped"
    )
    window: int = option(1, "consecutive frames that make one embedding")
    mean: tuple[float, ...] = option(IMAGENET_MEAN, "per RGB channel, on values in [0, 1]")
    std: tuple[float, ...] = option(IMAGENET_STD, "per RGB channel, on values in [0, 1]")
    metric: str = option("l2", "how its authors compare embeddings: l2 or cosine")
    text: bool = option(False, "whether it embeds sentences too")
    file: str = option("", "weights that are shipped, relative to the card or the package's share folder")
    urls: tuple[str, ...] = option((), "public addresses of the weights, tried in order")
    sha256: str = option("", "of the shipped or published weights file; '' = not pinned")
    licence: str = option("", "licence of the weights")
    noncommercial: bool = option(False, "whether the licence forbids commercial use")
    training: dict[str, Any] = option(None, "how the weights were made, with measured figures")

    def __post_init__(self) -> None:
        """Make sequences immutable and refuse what cannot be meant.

        Raises:
            UserError: a name that is none, a crop larger than the picture, an empty embedding, mean or std
                that are not of three channels, no frame per embedding, an unknown way of resampling.
        """
        for field in ("mean", "std", "urls", "drop"):
            object.__setattr__(self, field, tuple(getattr(self, field)))
        if not _NAME.fullmatch(self.name) or ".." in self.name:
            raise UserError(
                f"an encoder cannot have the name {self.name[:100]!r}", "use letters, digits, _ . + -"
            )
        if self.crop > self.resize or self.crop < 1:
            raise UserError(
                f"card '{self.name}' crops {self.crop} out of {self.resize} pixels",
                "make crop at most resize",
            )
        if self.dim < 1:
            raise UserError(f"card '{self.name}' has embeddings of {self.dim} numbers", "make dim at least 1")
        for field in ("mean", "std"):
            if len(getattr(self, field)) != _CHANNELS:
                raise UserError(
                    f"card '{self.name}' has a {field} of another length", "give one per RGB channel"
                )
        if min(self.std) <= 0.0:
            raise UserError(f"card '{self.name}' divides by a std of {min(self.std):g}", "make each above 0")
        if self.window < 1:
            raise UserError(f"card '{self.name}' needs {self.window} frames", "make window at least 1")
        if self.interpolation not in INTERPOLATIONS:
            raise unknown_name("interpolation", self.interpolation, INTERPOLATIONS, self.name)
        if self.metric not in METRICS:
            raise unknown_name("metric", self.metric, METRICS, self.name)

    def network_values(self) -> dict[str, Any]:
        """Return what describes the network and its input, as plain YAML values; the rest tells of a file."""
        values = {name: getattr(self, name) for name in _OF_THE_NETWORK}
        return {**values, "mean": list(self.mean), "std": list(self.std)}

    def embedding_values(self) -> dict[str, Any]:
        """Return all that decides embeddings beside the weights: another value, other embeddings."""
        reading = ("interpolation", "passes_exact", "window", "drop", "convert")
        return self.network_values() | {name: getattr(self, name) for name in reading}


def card_names() -> list[str]:
    """Return the names of all shipped cards, sorted."""
    return sorted(path.stem for path in share_file("vip_models", "cards").glob("*.yaml"))


def load_card(name: str) -> EncoderCard:
    """Read a card by name, or from the path of a YAML file.

    Raises:
        UserError: no such card, or a key the card does not have.
    """
    if name.endswith((".yaml", ".yml")):
        path = Path(name)
    elif name in card_names():
        path = share_file("vip_models", "cards") / f"{name}.yaml"
    else:
        raise unknown_name("encoder", name, card_names())
    values = load_yaml(path)
    if not isinstance(values, dict):
        raise UserError("an encoder card is a YAML mapping", "see the cards in models/cards", str(path))
    beside = path.resolve().parent / str(values.get("file") or "")
    if beside.is_file():  # a card of the user's own, with its weights
        values["file"] = str(beside)
    return from_mapping(EncoderCard, {"name": path.stem, **values}, str(path))
