"""vip soak: the whole graph under load for a long time, and whether it stays as it was."""

from __future__ import annotations

import argparse
from pathlib import Path

NAME = "soak"
HELP = "run the whole graph under load and watch memory, descriptors, threads, rates and drops of each node"
EXAMPLE = "vip soak --minutes 30 --rate 30 --json soak.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--minutes", type=float, default=30.0, help="how long (default: 30)")
    parser.add_argument("--rate", type=float, default=30.0, help="of each camera, Hz (default: 30)")
    parser.add_argument("--size", default="640x480", metavar="WxH", help="of the pictures (default: 640x480)")
    parser.add_argument(
        "--cameras",
        type=int,
        default=1,
        help="each with a reward_node; the policy follows the first (default: 1)",
    )
    parser.add_argument(
        "--encoder", default="vip-sim", metavar="NAME",
        help="encoder card, with random weights where its own are not here; "
        "a large one at a high rate is the encoder saturated (default: vip-sim)",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")


def run(args: argparse.Namespace) -> int:
    """Run, print the table; 1 when something grew, died, or a camera's rate was not kept."""
    import re

    from vip_bringup.json_file import check_place, write_json
    from vip_bringup.soak.run import SoakRequest, run_soak
    from vip_ros.errors import UserError

    size = re.fullmatch(r"(\d+)x(\d+)", args.size)
    if size is None or not args.minutes > 0 or not args.rate > 0 or args.cameras < 1:
        raise UserError("the soak's arguments make no load", "see vip soak --help")
    if args.json is not None:
        check_place(args.json)
    width, height = int(size[1]), int(size[2])
    request = SoakRequest(args.minutes, args.rate, width, height, args.cameras, args.encoder)
    report = run_soak(request, lambda text: print(text, flush=True))
    print(*report.lines(), sep="\n")
    if args.json is not None:
        write_json(args.json, report.as_json())
    return int(bool(report.complaints()))
