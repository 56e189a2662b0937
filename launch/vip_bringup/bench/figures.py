"""What a benchmark run found, for people and as JSON."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Attributes:
        key: its name in the JSON file.
        value: the number.
        unit: "ms", "frames/s", "x" (a ratio) or "%".
        what: what it says, for people.
        at_most: the limit that it should keep to, if there is one.
        at_least: likewise.
    """

    key: str
    value: float
    unit: str
    what: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the limit is kept; None without one."""
        if self.at_most is not None:
            return self.value <= self.at_most
        return self.value >= self.at_least if self.at_least is not None else None

    def line(self) -> str:
        """Return the figure as a line of text."""
        limit = ""
        if self.at_most is not None:
            limit = f"at most {self.at_most:g}: "
        elif self.at_least is not None:
            limit = f"at least {self.at_least:g}: "
        verdict = {None: "", True: "met", False: "NOT met"}[self.met]
        text = f"  {self.what:58} {self.value:9.2f} {self.unit:9} {limit}{verdict}"
        return text.rstrip()


@dataclass(frozen=True)
class EncoderFigures:
    """The figures of one encoder.

    Attributes:
        encoder: card name and weights.
        weights: "random", or the file they are from.
        runtime: what it ran in, by its name in the registry.
        chosen: how that runtime was chosen.
        figures: in the order in which they were measured.
    """

    encoder: str
    weights: str
    runtime: str
    chosen: str
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True)
class Report:
    """A benchmark run.

    Attributes:
        machine: processor, cores, instructions, graphics processors and runtime versions.
        load: load average before and after each encoder.
        frames: what was encoded.
        encoders: the figures.
        scaling: rows of bench.scaling.Scaled, where that was measured.
    """

    machine: dict[str, Any]
    load: list[float]
    frames: str
    encoders: list[EncoderFigures] = field(default_factory=list)
    scaling: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON types, each figure with its verdict."""
        values = dataclasses.asdict(self)
        for encoder, written in zip(self.encoders, values["encoders"], strict=True):
            written["figures"] = {
                figure.key: {**dataclasses.asdict(figure), "met": figure.met} for figure in encoder.figures
            }
        return values
