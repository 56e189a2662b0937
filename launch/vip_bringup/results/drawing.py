"""A section's plot, for light pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from vip_bringup.results.section import Plot, Section
from vip_ros.errors import UserError

_COLOURS = ("#2f7fd0", "#e07b39", "#3f9d63", "#9a6bc4", "#7b8794")


def draw(section: Section, path: Path) -> None:
    """Draw what the section's plot asks for into a PNG.

    Raises:
        UserError: an unknown kind of plot, or a file that cannot be written.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plot = section.plot
    assert plot is not None
    if plot.kind not in ("bars", "lines"):
        raise UserError(f"'{section.title}': no plot of kind '{plot.kind}'", "give bars or lines")
    rows = len(section.rows)
    height = 0.9 + 0.3 * rows * len(plot.values) ** 0.5 if plot.kind == "bars" else 3.2
    figure, axes = plt.subplots(figsize=(7.5, height), dpi=110, layout="constrained")
    (_bars if plot.kind == "bars" else draw_lines)(axes, section, plot)
    if len(plot.values) > 1 or plot.series:
        axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    try:
        figure.savefig(path, metadata={"Software": None})
    except OSError as error:
        raise UserError("cannot write the plot", error.strerror or str(error), str(path)) from None
    finally:
        plt.close(figure)


def _bars(axes: Any, section: Section, plot: Plot) -> None:
    places = np.arange(len(section.rows))
    thick = 0.8 / len(plot.values)
    for index, name in enumerate(plot.values):
        values = np.array(section.column(name), float)
        offset = (index - (len(plot.values) - 1) / 2) * thick
        ends = None
        if plot.low and plot.high:
            low, high = (np.array(section.column(column), float) for column in (plot.low, plot.high))
            ends = np.stack([values - low, high - values]).clip(min=0.0)
        axes.barh(places + offset, values, thick, xerr=ends, label=name, color=_COLOURS[index % 5], capsize=3)
    axes.set_yticks(places, [str(label) for label in section.column(plot.label)], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel(plot.unit)


def draw_lines(axes: Any, section: Section, plot: Plot) -> None:
    """Draw a line per series and value column, with its interval where the plot names one."""
    for index, (name, rows, value) in enumerate(_curves(section, plot)):
        x, y = _numbers(section, plot.label, rows), _numbers(section, value, rows)
        axes.plot(x, y, "o-", label=name, color=_COLOURS[index % 5])
        if plot.low and plot.high:
            low, high = (_numbers(section, column, rows) for column in (plot.low, plot.high))
            axes.fill_between(x, low, high, color=_COLOURS[index % 5], alpha=0.12, linewidth=0)
    axes.set_xlabel(plot.label)
    axes.set_ylabel(plot.unit)


def _curves(section: Section, plot: Plot) -> list[tuple[str, list[int], str]]:
    """Return name, rows in the order of x, and value column of each line."""
    names = section.column(plot.series) if plot.series else [""] * len(section.rows)
    x = section.column(plot.label)
    curves = []
    for series in dict.fromkeys(names):
        # A row without x, such as a method that has no temperature, is no point of any line.
        here = [row for row, name in enumerate(names) if name == series and x[row] is not None]
        rows = sorted(here, key=lambda row: float(x[row]))
        curves += [(series or value, rows, value) for value in plot.values]
    return curves


def _numbers(section: Section, column: str, rows: list[int]) -> np.ndarray:
    values = section.column(column)
    return np.array([values[row] for row in rows], float)
