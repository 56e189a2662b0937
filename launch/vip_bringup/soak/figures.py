"""What a soak found of each process, and whether that is as it should be."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

# Growth from the first third after the warm-up to the last, that is still called flat.
_FLAT_MB, _FLAT_SHARE = 8.0, 0.05
# A camera keeps its rate when so much of it comes.
_KEPT = 0.95


@dataclass(frozen=True)
class Sample:
    """One look at a process: its own memory (MB, nothing shared), descriptors, threads, CPU time (s)."""

    seconds: float
    memory: float
    descriptors: int
    threads: int
    cpu: float


@dataclass
class ProcessFigures:
    """A process over the soak.

    Attributes:
        name: of the node.
        samples: in the order of time.
        alive: whether it lived to the end.
        streams: rate (Hz) and drops at the end by stream, as the node tells them.
    """

    name: str
    samples: list[Sample] = field(default_factory=list)
    alive: bool = True
    streams: dict[str, dict[str, float]] = field(default_factory=dict)

    def growth(self, what: str) -> float:
        """Return by how much something grew between the means of the first and the last third."""
        values = [float(getattr(sample, what)) for sample in self.samples]
        third = max(1, len(values) // 3)
        return float(np.mean(values[-third:]) - np.mean(values[:third]))

    def complaints(self) -> list[str]:
        """Return what is wrong."""
        if not self.alive:
            return [f"{self.name} ended before the soak did"]
        if not self.samples:
            return [f"{self.name} was never looked at"]
        found = []
        flat = max(_FLAT_MB, _FLAT_SHARE * self.samples[0].memory)
        if self.growth("memory") > flat:
            found.append(f"{self.name}: memory grew by {self.growth('memory'):.1f} MB (flat: {flat:.1f})")
        for what in ("descriptors", "threads"):
            if self.growth(what) >= 1.0:
                found.append(f"{self.name}: {what} grew by {self.growth(what):.1f}")
        return found

    def line(self) -> str:
        """Return a line of the table."""
        first, last = self.samples[0], self.samples[-1]
        seconds = max(last.seconds - first.seconds, 1e-9)
        cpu = 100 * (last.cpu - first.cpu) / seconds
        streams = "; ".join(
            f"{name} {values['rate_hz']:.1f} Hz, {values['drops']:.0f} dropped"
            for name, values in self.streams.items()
        )
        memory = f"{first.memory:8.1f} {last.memory:8.1f} {self.growth('memory'):+7.1f} MB"
        counts = f"{first.descriptors:4d} {last.descriptors:4d} {first.threads:4d} {last.threads:4d}"
        return f"{self.name:22} {memory}  {counts} {cpu:6.1f} %  {streams}"


HEADER = (
    f"{'process':22} {'memory':>8} {'at end':>8} {'growth':>10}  {'fds':>4} {'end':>4} {'thr':>4} {'end':>4} "
    f"{'CPU':>8}  streams at the end"
)


@dataclass(frozen=True)
class SoakReport:
    """A soak.

    Attributes:
        about: what was run, in words.
        load: load average at the begin and at the end.
        rate: that each camera should have, Hz.
        faults: of the guard, in the order of time.
        processes: the figures.
    """

    about: str
    load: tuple[float, float]
    rate: float
    faults: Sequence[str]
    processes: Sequence[ProcessFigures]

    def complaints(self) -> list[str]:
        """Return what is wrong, one line each."""
        found = [line for process in self.processes for line in process.complaints()]
        for process in self.processes:
            kept = process.streams.get("image stream", {}).get("rate_hz")
            if kept is not None and kept < _KEPT * self.rate:
                found.append(f"{process.name}: {kept:.1f} of {self.rate:g} Hz")
        return [*found, *(f"the guard stopped: {fault}" for fault in self.faults)]

    def lines(self) -> list[str]:
        """Return the report for people."""
        rows = [process.line() for process in self.processes if process.samples]
        load = f"load average {self.load[0]:.1f} at the start, {self.load[1]:.1f} at the end"
        return [
            self.about,
            HEADER,
            *rows,
            load,
            *(self.complaints() or ["nothing grew, all rates were kept"]),
        ]

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON types."""
        return {**dataclasses.asdict(self), "complaints": self.complaints()}
