"""A benchmark run beside an earlier one of which the JSON file was kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vip_ros.errors import UserError

# A change within this share is the machine's own unrest.
_UNREST = 0.1


def load_report(path: Path) -> dict[str, Any]:
    """Return an earlier report; raises UserError for anything else."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        encoders = {entry["encoder"]: entry["figures"] for entry in report["encoders"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"not a report of vip bench: {path}", f"write one with --json ({error!r})") from None
    return {"machine": report.get("machine"), "encoders": encoders}


def comparison(earlier: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return lines that say which figures changed by more than the machine's unrest, and which are new.

    Args:
        earlier: as load_report returns it.
        now: a report's as_json().
    """
    lines = []
    if earlier["machine"] != now["machine"]:
        lines.append("the machines differ: only ratios can be compared")
    for entry in now["encoders"]:
        before = earlier["encoders"].get(entry["encoder"])
        lines.append(f"{entry['encoder']}: {'not in the earlier report' if before is None else 'changes'}")
        changed = [] if before is None else _changes(before, entry["figures"])
        lines += changed or ([] if before is None else [f"  none beyond {_UNREST:.0%}"])
    return lines


def _changes(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    lines = []
    for key, found in now.items():
        old = before.get(key, {}).get("value")
        if old is None:
            lines.append(f"  {found['what'].strip():58} new: {found['value']:.2f} {found['unit']}")
        elif abs(found["value"] - old) > _UNREST * abs(old):
            change = f"{found['value'] / old - 1:+.0%}" if old else "from nothing"
            lines.append(
                f"  {found['what'].strip():58} {old:9.2f} -> {found['value']:9.2f} {found['unit']:9} {change}"
            )
    return lines
