"""Send generated action streams through the guard and check every sample that comes out.

`python benchmarks/guard_fuzz.py --streams 100000` takes about ten minutes on one core; `--seed` picks others.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from fuzz_stream import CONFIGS, Outcome, run_stream

from franka_node.limits import LIMITS
from franka_node.motion_check import TOLERANCE


def fuzz(streams: int, seed: int, progress: bool = True) -> dict[str, Any]:
    """Return what became of streams numbered from seed on: counts, worst samples, failures."""
    tables, configs = LIMITS.names(), list(CONFIGS)
    counts: Counter[str] = Counter()
    worst: dict[str, float] = {}
    failures: list[str] = []
    begin = time.monotonic()
    for number in range(seed, seed + streams):
        outcome = run_stream(
            number, tables[number % len(tables)], configs[number // len(tables) % len(configs)]
        )
        _add(outcome, counts, worst, failures)
        if progress and (number + 1 - seed) % 2000 == 0:
            rate = (number + 1 - seed) / (time.monotonic() - begin)
            print(
                f"{number + 1 - seed} streams, {rate:.0f}/s, {len(failures)} failures",
                file=sys.stderr,
                flush=True,
            )
    seconds = round(time.monotonic() - begin, 1)
    return {
        "streams": streams,
        "seed": seed,
        "seconds": seconds,
        "tables": tables,
        "configurations": configs,
        "counts": dict(sorted(counts.items())),
        "worst": {check: worst[check] for check in sorted(worst)},
        "failures": failures[:50],
        "failed": len(failures),
    }


def _add(outcome: Outcome, counts: Counter[str], worst: dict[str, float], failures: list[str]) -> None:
    counts.update(outcome.counts)
    for check, amount in outcome.worst.items():
        worst[check] = max(amount, worst.get(check, -np.inf))
    failures.extend(outcome.failures)


def main() -> int:
    """Run, print a summary, return 1 when a sample was beyond a limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=100_000, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="number of the first stream")
    parser.add_argument("--json", type=Path, help="write the figures here")
    arguments = parser.parse_args()
    report = fuzz(arguments.streams, arguments.seed)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(f"{report['streams']} streams, {report['counts']['samples']} samples, {report['seconds']:.0f} s")
    for name, count in report["counts"].items():
        print(f"  {name:32} {count}")
    print(f"largest excess by check (a positive one above {TOLERANCE:g} fails):")
    for check, amount in report["worst"].items():
        print(f"  {check:32} {amount:.3g}")
    for failure in report["failures"]:
        print(f"FAILED {failure}")
    print(f"{report['failed']} failures")
    return 1 if report["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
