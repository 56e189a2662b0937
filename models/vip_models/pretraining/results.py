"""What a finished run leaves: weights as safetensors, an ONNX file and a card that `load_encoder` accepts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vip_models.card import EncoderCard
from vip_models.export import export_onnx, load_network
from vip_models.pretraining.checkpoint import write_atomically
from vip_models.shrink import shrink
from vip_ros.errors import UserError


@dataclass(frozen=True)
class Results:
    """Files of a finished run.

    Attributes:
        weights: safetensors, half precision but for batch-norm statistics.
        onnx: uint8 frames → embeddings, single precision.
        card: YAML.
    """

    weights: Path
    onnx: Path
    card: Path


def export_run(checkpoint: Path, card: EncoderCard, out: Path, training: Mapping[str, Any]) -> Results:
    """Write the three files into a folder, named after the card.

    Args:
        checkpoint: of the run.
        card: what was trained; its name becomes that of the files.
        out: folder.
        training: how the weights were made, for the card.

    Raises:
        UserError: no room on the disk.
    """
    weights, onnx, card_file = (out / f"{card.name}{suffix}" for suffix in (".safetensors", ".onnx", ".yaml"))
    try:
        sha256 = shrink(checkpoint, card, weights)
        network = load_network(dataclasses.replace(card, sha256=""), weights)
        export_onnx(network, card, onnx)
        values = card.network_values()
        values["about"] = f"trained by vip pretrain with the objective {training.get('objective', 'vip')}"
        values["parameters"] = round(sum(p.numel() for p in network.parameters()) / 1e6, 1)
        values.update(file=weights.name, sha256=sha256)
        values["licence"] = "yours; mind that of the videos and of the initial weights"
        values["training"] = dict(training)
        write_atomically(card_file, yaml.safe_dump(values, sort_keys=False, width=110).encode())
    except OSError as error:
        raise UserError(
            f"cannot write the results: {error.strerror or error}", "make room", str(out)
        ) from None
    return Results(weights, onnx, card_file)
