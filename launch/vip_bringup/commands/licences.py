"""vip licences: under which licences the installed packages stand."""

from __future__ import annotations

import argparse

NAME = "licences"
HELP = "list the licences of all packages of this environment, as they state them"
EXAMPLE = "vip licences --json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--json", action="store_true", help="print the list as JSON")


def run(args: argparse.Namespace) -> int:
    """Print the list; 1 when a package states none."""
    import dataclasses
    import json
    from collections import Counter

    from vip_bringup.licences import UNKNOWN, installed_licences

    found = installed_licences()
    if args.json:
        print(json.dumps([dataclasses.asdict(licence) for licence in found], indent=2))
    else:
        for licence in found:
            print(f"{licence.name:34} {licence.version:18} {licence.kind:20} {licence.text}")
        counts = Counter(licence.kind for licence in found)
        print(", ".join(f"{count} {kind}" for kind, count in counts.most_common()))
    return int(any(licence.kind == UNKNOWN for licence in found))
