"""The shipped encoder's card, and its page for people: data, training and figures, written by the recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from vip_bringup.encoder_figures import Figures
from vip_models.card import EncoderCard
from vip_models.pretraining.checkpoint import write_atomically

FIRST = "first"
_ROWS = {
    "trained": "this encoder",
    "before": "the encoder shipped before",
    FIRST: "the first one, of CloseDrawer alone",
    "untrained": "the same network, untrained",
    "pixels": "plain pixels",
}
_READ_OUT = "read_out"
DATA = (
    "Every task of this project's simulator, rendered at 160x120 and 10 pictures/s through several cameras."
    " Seven of ten motions reach the goal, by the short way or a detour; the others miss, stop short or"
    " wander. Lights, colours, clutter, object poses and the arm's start vary in all,"
    " textures and camera offsets in half."
)
LIMITS = (
    "It has seen drawn pictures only. The real videos in the table were never trained on; for a real camera"
    " take a published encoder, or train one on videos of that camera with `vip pretrain`."
)


def card_values(
    card: EncoderCard, sha256: str, parameters: float, training: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the shipped card as plain YAML values.

    Args:
        card: what was trained.
        sha256: of the weights file.
        parameters: of the network, millions.
        training: how the weights were made, with figures.
    """
    return {
        "about": "encoder trained with the VIP objective on simulated videos; shipped, runs anywhere",
        **card.network_values(),
        "parameters": round(parameters, 1),
        "file": f"weights/{card.name}.safetensors",
        "sha256": sha256,
        "licence": "Apache-2.0",
        "training": dict(training),
    }


def page(values: Mapping[str, Any], figures: Mapping[str, Figures]) -> str:
    """Return the model card as markdown."""
    names = [name for name in _ROWS if name in figures]
    videos = [video for video in figures[names[0]] if video != _READ_OUT]
    order = {
        video: [f"{figures[name][video]['voc']:.3f} / {figures[name][video]['bumps']:.3f}" for name in names]
        for video in videos
    }
    read_out = {
        part: [f"{figures[name][_READ_OUT][part]:.2f}" for name in names]
        for part in figures[names[0]][_READ_OUT]
    }
    columns = [_ROWS[name] for name in names]
    facts = {key: [value] for key, value in values["training"].items() if not isinstance(value, dict)}
    return f"""# The shipped encoder

`{values["architecture"]}`, {values["parameters"]} million parameters, input {values["crop"]} pixels,
embedding of {values["dim"]} numbers, licence {values["licence"]}.
{LIMITS}

{_table("training", [""], facts)}

## Figures

Order of the distance to a video's last frame, mean over held-out videos of each task (new scenes, colours,
light and clutter, in half of them new textures and camera offsets) and for real videos: **voc** is the rank
correlation of value and time (1 is best), **bumps** the share of steps that lead away from the goal (0 is
best).

{_table("voc / bumps", columns, order)}

Mean error of a linear read-out of where cabinet and drawer are (200 scenes to fit it, 100 to test it):

{_table("", columns, read_out)}
"""


def _table(corner: str, columns: Sequence[str], rows: Mapping[str, Sequence[object]]) -> str:
    lines = [[corner, *columns], ["---"] * (len(columns) + 1)]
    lines += [[name.replace("_", " "), *map(str, cells)] for name, cells in rows.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_card_and_page(
    values: Mapping[str, Any], figures: Mapping[str, Figures], out: Path
) -> tuple[Path, Path]:
    """Write card (YAML, with the figures) and page (markdown) into a folder and return where they lie."""
    card_file, page_file = out / "vip-sim.yaml", out / "vip-sim.md"
    full = {**values, "training": {**values["training"], "figures": dict(figures)}}
    write_atomically(card_file, yaml.safe_dump(full, sort_keys=False, width=110).encode())
    write_atomically(page_file, page(values, figures).encode())
    return card_file, page_file
