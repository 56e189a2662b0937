"""What a soak calls flat, and what it complains of."""

from __future__ import annotations

import pytest

from vip_bringup.soak.figures import ProcessFigures, Sample, SoakReport


def _process(
    memory: float = 0.0, descriptors: float = 0.0, threads: float = 0.0, alive: bool = True
) -> ProcessFigures:
    """A process whose figures grow by so much from the first sample to the last."""
    samples = [
        Sample(
            float(k),
            100 + memory * k / 59,
            round(20 + descriptors * k / 59),
            round(8 + threads * k / 59),
            0.1 * k,
        )
        for k in range(60)
    ]
    return ProcessFigures("node", samples, alive)


def _report(process: ProcessFigures, faults: tuple[str, ...] = ()) -> SoakReport:
    return SoakReport("a soak", (1.0, 2.0), 30.0, faults, [process])


def test_a_process_that_stays_as_it_is_gives_no_complaint() -> None:
    report = _report(_process(memory=2.0))
    assert report.complaints() == []
    assert "nothing grew" in report.lines()[-1] and "node" in report.lines()[2]


@pytest.mark.parametrize(
    ("process", "word"),
    [
        (_process(memory=40.0), "memory grew"),
        (_process(descriptors=6.0), "descriptors grew"),
        (_process(threads=6.0), "threads grew"),
        (_process(alive=False), "ended before"),
        (ProcessFigures("node"), "never looked at"),
    ],
)
def test_growth_and_death_are_told(process: ProcessFigures, word: str) -> None:
    (complaint,) = _report(process).complaints()
    assert word in complaint


def test_a_rate_that_is_not_kept_and_a_fault_are_told() -> None:
    process = _process()
    process.streams = {"image stream": {"rate_hz": 20.0, "drops": 0.0, "count": 5.0}}
    complaints = _report(process, ("image stream stopped",)).complaints()
    assert complaints == ["node: 20.0 of 30 Hz", "the guard stopped: image stream stopped"]
    assert _report(process).as_json()["complaints"] == complaints[:1]
