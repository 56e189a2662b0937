"""What a sweep found, as CSV, JSON and a page for people."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from vip_reward_node.files import write_atomically

_COLUMNS = (
    "task",
    "method",
    "encoder",
    "demonstrations",
    "failures",
    "tau",
    "train_seed",
    "successes",
    "episodes",
    "success_rate",
    "low",
    "high",
    "train_seconds",
    "judge_seconds",
)

Result = dict[str, Any]


def write_tables(out: Path, results: Sequence[Result], skipped: dict[str, str]) -> list[Path]:
    """Write table.csv, table.json and table.md and return their paths.

    Args:
        out: folder of the sweep.
        results: of the finished cells, in the order of the rows.
        skipped: methods that did not run, and why.
    """
    content = {
        "table.csv": _csv(results),
        "table.json": json.dumps({"cells": list(results), "skipped": skipped}, indent=1) + "\n",
        "table.md": page(results, skipped),
    }
    for name, text in content.items():
        write_atomically(out / name, partial(Path.write_text, data=text, encoding="utf-8"))
    return [out / name for name in content]


def page(results: Sequence[Result], skipped: dict[str, str]) -> str:
    """Return the page: per amount of data one table of methods by tasks, then what was skipped."""
    lines = ["# Success by task and method", ""]
    if results:
        first = results[0]
        lines += [
            f"{first['episodes']} scenes per cell, seeds from {first['seed']}, the same for all; in brackets "
            "the 95 % Wilson interval. Δ: points gained on the table's first row over the same scenes, and "
            "how many scenes this row won and lost against it.",
            "",
        ]
    for data in dict.fromkeys((cell["demonstrations"], cell["failures"]) for cell in results):
        chosen = [cell for cell in results if (cell["demonstrations"], cell["failures"]) == data]
        failures = f" and {data[1]} failures" if data[1] else ""
        lines += [f"## {data[0]} demonstrations{failures}", "", *_table(chosen), ""]
    if skipped:
        lines += ["## Not run", "", *(f"- {name}: {why}" for name, why in skipped.items()), ""]
    return "\n".join(lines)


def _table(results: Sequence[Result]) -> list[str]:
    tasks = list(dict.fromkeys(cell["task"] for cell in results))
    rows = list(dict.fromkeys(row_name(cell) for cell in results))
    lines = [f"| method | {' | '.join(tasks)} |", "|---" * (len(tasks) + 1) + "|"]
    first = {cell["task"]: cell for cell in results if row_name(cell) == rows[0]}
    for row in rows:
        found = {cell["task"]: cell for cell in results if row_name(cell) == row}
        cells = [_entry(found.get(task), first.get(task)) for task in tasks]
        lines.append(f"| {row} | {' | '.join(cells)} |")
    return lines


def row_name(cell: Result) -> str:
    """Return what a row is called: method, encoder, temperature and training seed as far as they are set."""
    parts = [cell["method"], cell["encoder"]]
    if cell["tau"] is not None:
        parts.append(f"τ {cell['tau']:g}")
    if cell["train_seed"]:
        parts.append(f"seed {cell['train_seed']}")
    return ", ".join(parts)


def _entry(cell: Result | None, reference: Result | None) -> str:
    if cell is None:
        return "–"
    low, high = cell["wilson95"]
    text = f"{cell['success_rate']:.0%} ({low:.0%}–{high:.0%})"
    if reference is None or reference is cell:
        return text
    won, lost = paired(cell, reference)
    return f"{text} Δ {100 * (won - lost) / len(cell['solved']):+.0f}, {won}:{lost}"


def paired(cell: Result, reference: Result) -> tuple[int, int]:
    """Return in how many scenes a cell succeeded where the reference failed, and the other way round."""
    pairs = list(zip(cell["solved"], reference["solved"], strict=False))
    return sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs)


def _csv(results: Sequence[Result]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, _COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for cell in results:
        low, high = cell["wilson95"]
        writer.writerow({**cell, "low": low, "high": high})
    return stream.getvalue()
