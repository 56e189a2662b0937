"""A system clock that is set is told from time that passes."""

from __future__ import annotations

import pytest

from franka_node.clock_watch import ClockWatch


class Clocks:
    """The two clocks as the test sets them; reading takes no time unless held up."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.wall_ns, self.steady, self.held_up = 1_800_000_000_000_000_000, 50.0, 0.0
        patch.setattr("franka_node.clock_watch.time.time_ns", lambda: self.wall_ns)
        patch.setattr("franka_node.clock_watch.time.monotonic", self._monotonic)

    def _monotonic(self) -> float:
        self.steady += self.held_up
        return self.steady

    def pass_by(self, seconds: float) -> None:
        self.wall_ns += round(seconds * 1e9)
        self.steady += seconds


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    return Clocks(monkeypatch)


def test_time_that_passes_is_no_jump(clocks: Clocks) -> None:
    watch = ClockWatch()
    assert watch.jump() == 0.0
    for seconds in (0.01, 5.0, 0.01):
        clocks.pass_by(seconds)
        assert watch.jump() == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("step", [10.0, -10.0, 0.1])
def test_a_clock_that_is_set_is_told_once(clocks: Clocks, step: float) -> None:
    watch = ClockWatch()
    watch.jump()
    clocks.wall_ns += round(step * 1e9)
    assert watch.jump() == pytest.approx(step, abs=1e-6)
    assert watch.jump() == pytest.approx(0.0, abs=1e-6)


def test_a_reading_that_was_held_up_says_nothing_and_loses_nothing(clocks: Clocks) -> None:
    watch = ClockWatch()
    watch.jump()
    clocks.held_up = 0.2
    clocks.wall_ns += 10 * 10**9
    assert watch.jump() == 0.0
    clocks.held_up = 0.0
    assert watch.jump() == pytest.approx(10.0 - 0.4, abs=1e-6)
