"""A scripted recording session: what is kept, what is repeated, and when it gives up."""

from __future__ import annotations

import pytest
from vip_interfaces.msg import GuardState, RecorderState, TeleopState

from vip_bringup.live_recording.session import Plan, Session
from vip_ros.errors import UserError


class Graph:
    """A graph that answers at once.

    Args:
        faults: the guard's fault at the end of each demonstration, in turn; afterwards none.
        deaths: demonstrations during which the recorder dies.
    """

    def __init__(self, faults: list[str] | None = None, deaths: tuple[int, ...] = ()) -> None:
        self.recorder, self.guard, self.teleop = RecorderState(), GuardState(), TeleopState()
        self.solved_for = 1.0
        self.scenes: list[int] = []
        self.told: list[str] = []
        self._faults, self._deaths = list(faults or []), deaths
        self._engagements = 0

    def prepare_scene(self, task: str, seed: int) -> None:
        self.guard.fault = ""
        self.scenes.append(seed)

    def start(self, task: str) -> None:
        self.told.append("start")

    def engage(self) -> None:
        self.teleop.engaged = True
        self._engagements += 1

    def release(self) -> None:
        self.guard.fault = self._faults.pop(0) if self._faults else ""

    def tell_recorder(self, name: str) -> str:
        if name == "stop" and self._engagements - 1 in self._deaths:
            raise UserError("no episode is being recorded")
        self.told.append(name)
        return ""


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the device let go as soon as somebody waits for it."""

    def wait(self: Session, condition: object, limit: float) -> None:
        if self._client.teleop.engaged and not condition():  # type: ignore[operator]
            self._client.teleop.engaged = False

    monkeypatch.setattr(Session, "_wait_for", wait)


def test_every_demonstration_is_kept_with_the_simulators_verdict() -> None:
    graph = Graph()
    assert Session(graph, Plan("push_bottle", 2, seed=7)).run_script() == 2
    assert graph.scenes == [7, 8]
    assert graph.told == ["start", "stop", "mark_success", "keep"] * 2
    graph = Graph()
    graph.solved_for = 0.0
    assert Session(graph, Plan("push_bottle", 1)).run_script() == 0
    assert graph.told[2:] == ["mark_failure", "keep"]


def test_what_the_guard_or_a_dead_recorder_cut_off_is_repeated_in_the_same_scene() -> None:
    graph = Graph(faults=["loop_stalled"], deaths=(1,))
    assert Session(graph, Plan("push_bottle", 2)).run_script() == 2
    assert graph.scenes == [0, 0, 0, 1]
    assert graph.told.count("keep") == 2 and graph.told[:3] == ["start", "stop", "discard"]


def test_a_demonstration_whose_driving_was_broken_off_is_repeated() -> None:
    graph = Graph()
    graph.teleop.message = "stopped: no fresh joint state; release to drive again"
    with pytest.raises(UserError, match="no fresh joint state"):
        Session(graph, Plan("fold_towel", 1)).run_script()
    assert graph.told.count("discard") == 5 and "keep" not in graph.told


def test_a_machine_that_cannot_do_it_is_told_so() -> None:
    with pytest.raises(UserError, match="the guard stopped the arm, loop_stalled"):
        Session(Graph(faults=["loop_stalled"] * 9), Plan("push_bottle", 1)).run_script()
