"""Files of figures as sections: of `vip bench`, `vip eval`, `vip demo` and `vip sweep`, and plain tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vip_bringup.results.section import Cell, Plot, Section
from vip_ros.errors import UserError
from vip_ros.registry import Registry

Reader = Callable[[Mapping[str, Any], str], Section]

_SWEEP_COLUMNS = (
    "cell", "demonstrations", "failures", "τ", "scenes", "solved, %", "from, %", "to, %",
)  # fmt: skip

# Kinds of files, by the key that only such a file has.
KINDS: Registry[Reader] = Registry("kind of figures")


def read_section(path: Path) -> Section:
    """Read a file of figures.

    Raises:
        UserError: not JSON, of no known kind, or with parts that do not fit.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError("cannot read the figures", str(error), str(path)) from None
    name = path.stem.lstrip("0123456789-_").replace("_", " ").replace("-", " ")
    for key in KINDS.names():
        if isinstance(values, dict) and key in values:
            try:
                return KINDS.get(key)(values, name)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                what = f"{type(error).__name__}: {error}"
                raise UserError(f"the figures of '{name}' do not fit", what, str(path)) from None
    raise UserError("figures of no known kind", f"give one of the keys {', '.join(KINDS.names())}", str(path))


@KINDS.register("columns")
def table(values: Mapping[str, Any], name: str) -> Section:
    """Return a plain table: the fields of Section, `plot` with those of Plot."""
    fields = {"title": name, **values}
    plot = fields.pop("plot", None)
    try:
        return Section(**fields, plot=None if plot is None else Plot(**plot))
    except TypeError as error:
        raise UserError(f"the table '{name}' does not fit", str(error)) from None


@KINDS.register("encoders")
def benchmark(values: Mapping[str, Any], name: str) -> Section:
    """Return what `vip bench --json` wrote."""
    rows = [
        (entry["encoder"].partition("@")[0], figure["what"], _number(figure), _limit(figure))
        for entry in values["encoders"]
        for figure in entry["figures"].values()
    ]
    machine = values["machine"]
    return Section(
        title=name.capitalize(),
        columns=("encoder", "figure", "value", "limit"),
        rows=rows,
        about=f"Measured on {values['frames']}.",
        command="vip bench --json bench.json",
        machine=f"{machine['cpu']}, {machine['cores']} cores" + "".join(f", {g}" for g in machine["gpus"]),
        load=" to ".join(f"{load:.1f}" for load in (min(values["load"]), max(values["load"]))),
    )


@KINDS.register("wilson95")
def success_rate(values: Mapping[str, Any], name: str) -> Section:
    """Return what `vip eval --json` or `vip demo` wrote."""
    low, high = values["wilson95"]
    latency = values.get("latency_ms", {})
    live = [f"{latency[key]:.0f}" for key in ("p50", "p95", "p99") if key in latency]
    rate = 100 * values["successes"] / values["episodes"]
    row = [values["task"], values["encoder"].partition("@")[0], values["successes"], values["episodes"], rate]
    columns = ["task", "encoder", "solved", "of", "%", "from %", "to %"]
    if live:
        columns.append("image to command p50 / p95 / p99, ms")
    evaluation = "vip eval --policy policy --task T --episodes N --json FILE"
    if values.get("mode") in ("live", "person"):
        evaluation = evaluation.replace("vip eval", "vip eval --live")
    demo = "vip demo --task T --out demo_out"
    return Section(
        title=name.capitalize(),
        columns=columns,
        rows=[[*row, 100 * low, 100 * high, *([" / ".join(live)] if live else [])]],
        about="With the 95 % Wilson interval.",
        command=evaluation if "mode" in values or not live else demo,
    )


@KINDS.register("cells")
def sweep(values: Mapping[str, Any], name: str) -> Section:
    """Return the `table.json` of `vip sweep`, a row and a bar per cell."""
    rows = [_sweep_row(cell) for cell in values["cells"]]
    drawn = ("solved, %",), "scenes solved, %", "from, %", "to, %"
    x = _sweep_axis(rows)
    return Section(
        title=name.capitalize(),
        columns=_SWEEP_COLUMNS,
        rows=rows,
        about="In lockstep, every cell on the same scenes, one training each; with the 95 % Wilson interval.",
        command=_sweep_command(values["cells"]),
        plot=Plot("lines", x, *drawn, series="cell") if x else Plot("bars", "cell", *drawn),
    )


def _sweep_row(cell: Mapping[str, Any]) -> list[Cell]:
    failures = f", {cell['failures']} failures" if cell["failures"] else ""
    seed = f", seed {cell['train_seed']}" if cell.get("train_seed") else ""
    named = f"{cell['task']}, {cell['method']}, {cell['encoder']}{failures}{seed}"
    tau = cell.get("training", {}).get("tau") if cell["tau"] is None else cell["tau"]
    shares = [100 * float(share) for share in (cell["success_rate"], *cell["wilson95"])]
    return [named, cell["demonstrations"], cell["failures"], tau, cell["episodes"], *shares]


def _sweep_axis(rows: Sequence[Sequence[Cell]]) -> str:
    """Return the column in which rows of one name differ, "" where each name has one row."""
    for column in ("demonstrations", "τ"):
        index = _SWEEP_COLUMNS.index(column)
        if len({(row[0], row[index]) for row in rows}) > len({row[0] for row in rows}):
            return column
    return ""


def _sweep_command(cells: Sequence[Mapping[str, Any]]) -> str:
    """Return the command that makes such cells, tasks and methods left open."""
    parts = ["vip sweep --out table --task T --method M"]
    for option, usual in (("demonstrations", [20]), ("failures", [0]), ("tau", []), ("train-seed", [0])):
        values = (cell.get(option.replace("-", "_"), 0) for cell in cells)
        given = sorted({value for value in values if value is not None})
        if given != usual:
            several = option == "failures" and len(given) > 1  # one number at a time
            shown = ["N"] if several else [f"{value:g}" for value in given]
            parts.append(" ".join([f"--{option}", *shown]))
    return " ".join([*parts, "--episodes N"])


def _number(figure: Mapping[str, Any]) -> str:
    return f"{figure['value']:.3g} {figure['unit']}"


def _limit(figure: Mapping[str, Any]) -> str:
    for key, word in (("at_most", "at most"), ("at_least", "at least")):
        if figure[key] is not None:
            return f"{word} {figure[key]:g}: " + ("met" if figure["met"] else "**not met**")
    return ""
