"""One section of the results page: a table, what it says, and how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from vip_ros.errors import UserError

Cell = str | int | float | bool | None


@dataclass(frozen=True)
class Plot:
    """Bars or lines drawn of some columns of a table.

    Attributes:
        kind: "bars" (a group per row) or "lines" (the label column is the x axis).
        series: column that names the line to which a row belongs; "" where all rows are of one.
        label: column that names the bars, or holds x.
        values: columns that are drawn.
        unit: of the values, for the axis.
        low: column of the lower ends of error bars, for a single value column; "" for none.
        high: likewise.
    """

    kind: str
    label: str
    values: Sequence[str]
    unit: str = ""
    low: str = ""
    high: str = ""
    series: str = ""


@dataclass(frozen=True)
class Section:
    """A table of figures.

    Attributes:
        title: heading.
        columns: their headings.
        rows: one cell per column each.
        about: what the figures say, for a person; Markdown.
        command: what makes them anew.
        machine: where they were measured.
        load: load average while they were measured.
        plot: what is drawn of them, if anything.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    about: str = ""
    command: str = ""
    machine: str = ""
    load: str = ""
    plot: Plot | None = field(default=None)

    def __post_init__(self) -> None:
        """Refuse rows and plots that do not fit the columns."""
        for row in self.rows:
            if len(row) != len(self.columns):
                raise UserError(
                    f"'{self.title}': a row has {len(row)} of {len(self.columns)} cells", "mend it"
                )
        if self.plot is not None:
            named = [
                *(self.plot.label, *self.plot.values),
                *(self.plot.low, self.plot.high, self.plot.series),
            ]
            missing = [name for name in named if name and name not in self.columns]
            if missing:
                raise UserError(f"'{self.title}': no column '{missing[0]}' to draw", "mend its plot")

    def column(self, name: str) -> list[Any]:
        """Return the cells of a column."""
        index = list(self.columns).index(name)
        return [row[index] for row in self.rows]
