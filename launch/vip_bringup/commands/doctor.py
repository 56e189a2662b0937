"""`vip doctor`: what this machine has and lacks, with the mend for each."""

from __future__ import annotations

import argparse

NAME = "doctor"
HELP = "say what this machine has and lacks: ROS, encoder runtime, graphics, camera, robot; and the mend"
EXAMPLE = "vip doctor"

_MARKS = {"ok": "\x1b[32mok  \x1b[0m", "note": "\x1b[33mnote\x1b[0m", "fail": "\x1b[31mFAIL\x1b[0m"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


def run(args: argparse.Namespace) -> int:
    """Run every check; 1 when something that the stack needs is broken."""
    from vip_bringup.checks import CHECKS, FAIL, run_check

    findings = {}
    for name in CHECKS.names():
        findings[name] = run_check(name)
        if not args.json:
            for index, finding in enumerate(findings[name]):
                _show(name if index == 0 else "", finding.level, finding.what, finding.mend)
    if args.json:
        import dataclasses
        import json

        table = {name: [dataclasses.asdict(finding) for finding in found] for name, found in findings.items()}
        print(json.dumps(table, indent=2))
    broken = any(finding.level == FAIL for found in findings.values() for finding in found)
    return 1 if broken else 0


def _show(name: str, level: str, what: str, mend: str) -> None:
    import sys

    mark = _MARKS[level] if sys.stdout.isatty() else f"{level:<4}"
    print(f"{name:<11} {mark}  {what}", flush=True)
    if mend:
        print(f"{'':<11}       → {mend}", flush=True)
