"""Every stream of a running graph cut in every way: the arm decelerates, holds, and says why.

`VIP_STOP_TIMES=FILE pytest tests/faults` also writes the measured times to FILE.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from faults.live_stack import SPEED, LiveStack
from faults.stop_times import StopTimes, cells, measure, write_table
from graph.helpers import Probe
from vip_interfaces.msg import GuardState

from franka_node.guard_config import GuardConfig

pytestmark = [pytest.mark.graph, pytest.mark.alone, pytest.mark.timeout(400)]

HEADER = "| what was done | fault | timeout, ms | last input to deceleration, ms | to standstill, ms |"
# How long it may take on a busy machine; the table has the times themselves.
PATIENCE = 5.0


@dataclasses.dataclass(frozen=True)
class Cut:
    """What is done to the stack, and the stream that falls silent by it."""

    how: str
    node: str
    stream: str

    @property
    def what(self) -> str:
        return f"{self.how} {self.node}"

    def apply(self, stack: LiveStack) -> None:
        if self.how == "kill -9":
            stack.nodes[self.node].kill()
        elif self.how == "SIGSTOP":
            stack.freeze(self.node)
        else:
            stack.camera.stop()

    def mend(self, stack: LiveStack) -> None:
        if self.how == "kill -9":
            stack.nodes[self.node].__exit__(None, None, None)
            stack.start(self.node)
        elif self.how == "SIGSTOP":
            stack.thaw(self.node)
        else:
            stack.camera.start()


CUTS = [
    Cut("unplug", "the camera", "image"),
    Cut("SIGSTOP", "reward_node", "embedding"),
    Cut("kill -9", "policy_node", "action"),
    *(
        pytest.param(Cut(how, node, stream), marks=pytest.mark.slow)
        for how, node, stream in (
            ("kill -9", "camera_node", "image"),
            ("SIGSTOP", "camera_node", "image"),
            ("kill -9", "reward_node", "embedding"),
            ("SIGSTOP", "policy_node", "action"),
        )
    ),
]


@pytest.fixture(scope="module")
def stack(module_domain: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    with Probe() as probe:
        stack = LiveStack(probe, tmp_path_factory.mktemp("faults"))
        try:
            yield stack
        finally:
            stack.close()


@pytest.fixture(scope="module")
def stops() -> Iterator[list[StopTimes]]:
    stops: list[StopTimes] = []
    yield stops
    write_table(HEADER, [cells(*dataclasses.astuple(stop)) for stop in stops])


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.what)
def test_a_stream_that_is_cut_stops_the_arm_with_its_name(
    stack: LiveStack, stops: list[StopTimes], cut: Cut
) -> None:
    stack.move()
    cut.apply(stack)
    state = stack.ears.wait_mode(GuardState.FAULT)
    timeout = getattr(GuardConfig(), f"{cut.stream}_timeout")
    stop = measure(stack.ears, cut.what, cut.stream, timeout)
    stops.append(stop)
    cut.mend(stack)
    assert state.fault == f"{cut.stream}_stale", state.fault_detail
    assert stop.begin <= timeout + PATIENCE and stop.rest <= PATIENCE


def test_a_guard_that_was_frozen_rests_where_it_was_and_says_so(stack: LiveStack) -> None:
    stack.move()
    ears = stack.ears
    stack.freeze("franka_node")
    silence = 1.5 * GuardConfig().loop_timeout
    stack.probe.wait_for(lambda: ears.silence() > silence, what="the commands to end")
    last, heard = ears.commands[-1][1], len(ears.commands)
    stack.thaw("franka_node")
    state = ears.wait_mode(GuardState.FAULT)
    stack.probe.wait_for(lambda: len(ears.commands) > heard + 10, what="commands after the thaw")
    # The command that was on its way when it was frozen comes first.
    first, *later = (message for _, message in ears.commands[heard:])
    assert state.fault == "loop_stalled", state.fault_detail
    assert abs(first.position[0] - last.position[0]) < 2 * SPEED * 0.01
    assert {message.position[0] for message in later} == {first.position[0]}
    assert not any(message.velocity[0] for message in later)
