"""A picture of a benchmark run: where the time from image to command goes, and how it scales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vip_bringup.bench.chain import STAGES
from vip_ros.errors import UserError

_PARTS = ("p50", "p95", "p99")
_BARE = {"bare network": "network", "bare middleware": "hops"}


def plot_report(report: Mapping[str, Any], path: Path) -> None:
    """Write the picture of a report's as_json().

    Raises:
        UserError: the report has nothing to draw, or the file cannot be written.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    chains = [entry for entry in report["encoders"] if "chain_fps" in entry["figures"]]
    scaling = report.get("scaling") or []
    rows = len(chains) + bool(scaling)
    if not rows:
        raise UserError("nothing to draw", "measure the chain or the scaling: --part chain")
    figure, axes = pyplot.subplots(
        rows, 1, figsize=(9, 0.8 + 3.4 * rows), squeeze=False, layout="constrained"
    )
    for axis, entry in zip(axes[:, 0], chains, strict=False):
        _draw_chain(axis, entry)
    if scaling:
        _draw_scaling(axes[-1, 0], scaling)
    figure.suptitle(f"load {report['load'][0]} to {report['load'][-1]}", fontsize=9)
    try:
        figure.savefig(path, dpi=110)
    except (OSError, ValueError) as error:
        raise UserError(f"cannot draw {path}", str(error)) from None
    finally:
        pyplot.close(figure)


def _draw_chain(axis: Any, entry: Mapping[str, Any]) -> None:
    keys = {**{name: name.replace(" ", "_") for name in STAGES}, **_BARE}
    values = {
        name: [entry["figures"][f"chain_{key}_{part}_ms"]["value"] for part in _PARTS]
        for name, key in keys.items()
    }
    _bars(axis, list(values), list(values.values()))
    ratio = entry["figures"]["chain_median_ratio"]["value"]
    axis.set_title(f"{entry['encoder']}: image to command {ratio:.2f} x (bare network + bare middleware)")


def _draw_scaling(axis: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    _bars(axis, [row["shape"] for row in rows], [[row[f"{part}_ms"] for part in _PARTS] for row in rows])
    axis.set_title("image to reward at 15 Hz")


def _bars(axis: Any, names: Sequence[str], values: Sequence[Sequence[float]]) -> None:
    for index, part in enumerate(_PARTS):
        places = [place + 0.27 * (1 - index) for place in range(len(names))]
        axis.barh(places, [value[index] for value in values], 0.25, label=part)
    axis.set_yticks(range(len(names)), names)
    axis.invert_yaxis()
    axis.set_xlabel("ms")
    axis.legend(fontsize=8)
