"""vip bench: what encoding costs on this machine, as ratios measured in one run."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vip_bringup.json_file import check_place, write_json
from vip_ros.errors import UserError

if TYPE_CHECKING:
    from vip_bringup.bench.figures import EncoderFigures

NAME = "bench"
HELP = "measure what encoding costs here: image to reward, offline, and beside the published script's way"
EXAMPLE = "vip bench --json bench.json"

_ENCODERS = ("vip-resnet50", "vip-resnet18", "vip-sim")
_QUICK, _USUAL = 3.0, 12.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--encoder", action="append", dest="encoders", metavar="NAME",
        help=f"encoder card, may be given again (default: {', '.join(_ENCODERS)})",
    )  # fmt: skip
    parser.add_argument(
        "--weights", type=Path, metavar="FILE",
        help="weights of the one encoder given (default: its own where they are here, else random)",
    )  # fmt: skip
    parser.add_argument(
        "--runtime", default="auto", metavar="NAME",
        help="what the encoders run in (default: the fastest that changes no distance by more than 1 %%)",
    )  # fmt: skip
    parser.add_argument(
        "--frames", type=Path, nargs="+", default=[], metavar="VIDEO",
        help="what is encoded (default: simulated demonstrations)",
    )  # fmt: skip
    parser.add_argument(
        "--policy", type=Path, metavar="POLICY", help="measure this policy's inference instead, on the CPU"
    )
    parser.add_argument("--quick", action="store_true", help="a few seconds per figure: less sure of them")
    parser.add_argument(
        "--part", action="append", dest="parts", choices=("network", "chain", "scaling"),
        help="network: encoder and reward_node; chain: image to command through all nodes; scaling: sizes, "
        "encoders, cameras, listeners; may be given again (default: network and chain)",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument(
        "--compare", type=Path, metavar="FILE", help="say what changed since that --json FILE"
    )
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw chain and scaling into a PNG or SVG file"
    )


def run(args: argparse.Namespace) -> int:
    """Measure and print; 0 whatever the figures are."""
    for file in (args.json, args.plot):
        if file is not None:
            check_place(file)
    if args.policy is not None:
        return _bench_policy(args.policy, args.json)
    from rich.console import Console

    from vip_bringup.bench.compare import comparison, load_report
    from vip_bringup.bench.run import PARTS, BenchRequest, run_bench
    from vip_bringup.bench.scaling import HEADER
    from vip_bringup.tuning import read_frames, simulated_frames
    from vip_models.machine import load_average, this_machine

    encoders = args.encoders or list(_ENCODERS)
    if args.weights is not None and len(encoders) != 1:
        raise UserError("--weights fits one encoder", "name it with --encoder")
    earlier = None if args.compare is None else load_report(args.compare)
    print(f"{this_machine().key}\nload average {load_average():.2f}", flush=True)
    # A spinner that turns often would take its share of the cores that are being measured.
    with Console(stderr=True).status("frames", refresh_per_second=1) as status:
        videos = [read_frames(film) for film in args.frames] or simulated_frames()
        source = ", ".join(film.name for film in args.frames) or "simulated demonstrations"
        seconds = _QUICK if args.quick else _USUAL
        parts = args.parts or PARTS[:2]
        request = BenchRequest(encoders, videos, source, args.weights, args.runtime, seconds, parts)
        if "scaling" in parts:
            print(HEADER, flush=True)
        report = run_bench(request, status.update, _show, lambda row: print(row.line(), flush=True))
    print(f"load average {report.load[0]:.2f} at the start, {report.load[-1]:.2f} at the end")
    values = report.as_json()
    _save(args.json, values)
    if args.plot is not None:
        from vip_bringup.bench.plot import plot_report

        plot_report(values, args.plot)
    if earlier is not None:
        print(*comparison(earlier, values), sep="\n")
    return 0


def _bench_policy(policy: Path, file: Path | None) -> int:
    from vip_bringup.bench.policy import CALLS, policy_latency

    latency = policy_latency(policy)
    print(
        f"{policy}: {CALLS} observations, from embedding and joints to a chunk: "
        f"p50 {latency['p50']:.3f} ms, p95 {latency['p95']:.3f} ms, p99 {latency['p99']:.3f} ms "
        f"(p99 of the processor's time {latency['cpu_p99']:.3f} ms)"
    )
    _save(file, {"policy": str(policy), "calls": CALLS, "latency_ms": latency})
    return 0


def _save(file: Path | None, values: dict[str, Any]) -> None:
    if file is not None:
        write_json(file, values)


def _show(found: EncoderFigures) -> None:
    weights = "random weights: speed only" if found.weights == "random" else found.weights
    print(f"\n{found.encoder} ({weights})\nin {found.runtime}, {found.chosen}")
    print(*(figure.line() for figure in found.figures), sep="\n", flush=True)
