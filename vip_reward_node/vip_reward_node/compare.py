"""Several encoders on the same videos: one table and one picture."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from vip_reward_node.compare_plot import ComparedCurve, Panel, save_panels
from vip_reward_node.encode import EncodeRequest, EncodeResult, check_inputs, encode_inputs, write_json
from vip_reward_node.files import write_atomically
from vip_reward_node.protocols import EncoderLike
from vip_ros.errors import UserError

# The row that sums up an encoder over all videos.
MEAN = "mean"
EncoderProgress = Callable[[str, str, int, int], None]


@dataclass(frozen=True)
class Row:
    """One line of the table: an encoder on a video, or its mean over all videos.

    Distances are in embedding units of the encoder's metric and do not compare between encoders.
    """

    encoder: str
    id: str
    video: str
    frames: int
    bumps: float
    voc: float
    metric: str
    initial_distance: float
    final_distance: float
    frames_per_second: float


@dataclass
class Comparison:
    """What came of comparing.

    Attributes:
        rows: the table.
        failures: a line for each encoder or input that failed.
    """

    rows: list[Row] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def compare_encoders(
    request: EncodeRequest,
    encoders: Mapping[str, Callable[[], EncoderLike]],
    progress: EncoderProgress | None = None,
) -> Comparison:
    """Encode the same videos with several encoders, one after the other.

    Writes LABEL/ (what encode_inputs writes) for each encoder, and compare.csv, compare.json, compare.md and
    compare.png for all of them. An encoder that cannot be loaded, or that does not take the goal, does not
    keep the others from being compared.

    Args:
        request: videos, goal and folder.
        encoders: how to load each one, by its label; one at a time is held in memory.
        progress: called with label, name of the video, frames done and frames expected.

    Raises:
        UserError: no input, one that is not there, a folder that cannot be written, or no encoder that works.
    """
    check_inputs(request)
    comparison = Comparison()
    results: dict[str, EncodeResult] = {}
    for label, load in encoders.items():
        try:
            encoder = load()
            report = None if progress is None else _labelled(progress, label)
            result = encode_inputs(replace(request, out=request.out / label), encoder, report)
        except UserError as error:
            comparison.failures.append(str(error))
            continue
        comparison.failures += result.failures
        comparison.rows += _rows(label, encoder.id, result)
        results[label] = result
    if not comparison.rows:
        raise UserError(comparison.failures[0], "nothing was encoded")
    comparison.failures = list(dict.fromkeys(comparison.failures))
    _write(comparison, results, request)
    return comparison


def markdown(rows: Sequence[Row]) -> str:
    """Return the table in Markdown, aligned so that a terminal shows it well."""
    header = ["encoder", "video", "bumps", "VOC", "metric", "first distance", "last distance", "frames/s"]
    cells = [
        [
            row.encoder, row.video, f"{row.bumps:.3f}", f"{row.voc:+.3f}", row.metric,
            f"{row.initial_distance:.4g}", f"{row.final_distance:.4g}", f"{row.frames_per_second:.1f}",
        ]
        for row in rows
    ]  # fmt: skip
    widths = [max(len(line[column]) for line in [header, *cells]) for column in range(len(header))]

    def line(words: Sequence[str]) -> str:
        padded = [
            word.ljust(width) if column < 2 else word.rjust(width)
            for column, (word, width) in enumerate(zip(words, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * width if column < 2 else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
    return "\n".join([line(header), line(rule), *map(line, cells)]) + "\n"


def _labelled(progress: EncoderProgress, label: str) -> Callable[[str, int, int], None]:
    return lambda name, done, expected: progress(label, name, done, expected)


def _rows(label: str, identity: str, result: EncodeResult) -> list[Row]:
    columns = ("bumps", "voc", "initial_distance", "final_distance", "frames_per_second")
    rows = [
        Row(
            label,
            identity,
            name,
            figures["frames"],
            metric=result.metric,
            **{column: figures[column] for column in columns},
        )
        for name, figures in result.metrics.items()
    ]
    if len(rows) > 1:
        means = {column: float(np.mean([getattr(row, column) for row in rows])) for column in columns}
        rows.append(
            Row(label, identity, MEAN, sum(row.frames for row in rows), metric=result.metric, **means)
        )
    return rows


def _write(comparison: Comparison, results: Mapping[str, EncodeResult], request: EncodeRequest) -> None:
    rows = [asdict(row) for row in comparison.rows]
    out = request.out
    write_json(out / "compare.json", {"goal": request.goal, "rows": rows})
    write_atomically(out / "compare.csv", lambda path: _write_csv(path, rows))
    table = markdown(comparison.rows)
    write_atomically(out / "compare.md", lambda path: path.write_text(table, encoding="utf-8"))
    panels = _panels(results)
    write_atomically(out / "compare.png", lambda path: save_panels(panels, path))


def _write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _panels(results: Mapping[str, EncodeResult]) -> list[Panel]:
    """Return one panel per video, in the order of the first encoder that has it."""
    names = dict.fromkeys(name for result in results.values() for name in result.curves)
    panels = []
    for name in names:
        having = {label: result for label, result in results.items() if name in result.curves}
        curves = [
            ComparedCurve(label, having[label].curves[name].stamps, having[label].curves[name].value_curve)
            if label in having
            else ComparedCurve(label, np.empty(0), np.empty(0))
            for label in results
        ]
        shown = next(iter(having.values())).curves[name]
        panels.append(Panel(name, curves, shown.frames, shown.goal, shown.ends_in_goal))
    return panels
