"""The loop between driver and guard: what reaches the robot, and what happens when either side fails."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from franka_node import statuses
from franka_node.control_loop import ControlLoop
from franka_node.drivers import DRIVERS, RobotState
from franka_node.guard import Guard
from franka_node.guard_config import GuardConfig
from franka_node.guard_output import Mode
from franka_node.limits import FER
from vip_ros.diagnostics import ERROR, OK
from vip_ros.errors import UserError

LIMIT = 20.0


class FakeDriver:
    """An arm that is at once where it is told to be, and fails on demand."""

    robot = "fer"
    finger_names = ("finger1", "finger2")

    def __init__(self) -> None:
        self.q = FER.home.copy()
        self.written: list[np.ndarray] = []
        self.broken_read = self.broken_write = self.mendable = False
        self.stops = self.recoveries = 0
        self.controlled = False

    def connect(self) -> None: ...

    def close(self) -> None: ...

    def read(self) -> RobotState:
        if self.broken_read:
            raise OSError("cable unplugged")
        return RobotState(time.time_ns(), self.q.copy(), np.zeros(7), 0.04)

    def write(self, q_command, dq_command, gripper) -> None:
        if self.broken_write:
            raise OSError("refused")
        self.written.append(q_command)
        self.controlled = True
        self.q = q_command.copy()

    def stop(self) -> None:
        self.stops += 1
        self.controlled = False

    def recover(self) -> None:
        self.broken_read = self.broken_read and not self.mendable
        if self.broken_read:
            raise UserError("the cable is still unplugged", "plug it in")
        self.recoveries += 1


class Bench:
    def __init__(self) -> None:
        self.driver = FakeDriver()
        self.guard = Guard(FER, GuardConfig(), 0.01)
        self.loop = ControlLoop(self.driver, self.guard, 100.0, self._note)
        self.problem: Exception | None = None
        self._cycled = threading.Condition()
        self.pause = threading.Event()

    def _note(self, now_ns, state, output) -> None:
        with self._cycled:
            self._cycled.notify_all()
        if self.problem is not None:
            problem, self.problem = self.problem, None
            raise problem

    def wait_for(self, predicate) -> None:
        end = time.monotonic() + LIMIT
        with self._cycled:
            while not predicate():
                assert time.monotonic() < end, "waited in vain"
                self._cycled.wait(0.05)

    def activate(self) -> None:
        self.wait_for(lambda: self.loop.state is not None)
        self.guard.activate(self.loop.state.q)


@pytest.fixture
def bench():
    bench = Bench()
    bench.loop.start()
    yield bench
    bench.loop.stop()


def test_nothing_is_written_while_the_guard_is_inactive(bench):
    bench.wait_for(lambda: bench.loop.cycles > 10)
    assert bench.driver.written == []
    bench.activate()
    bench.wait_for(lambda: len(bench.driver.written) > 3)
    assert (np.array(bench.driver.written) == FER.home).all()


def test_every_written_command_is_the_guards(bench):
    bench.activate()
    assert bench.guard.home(FER.home + 0.05) == ""
    bench.wait_for(lambda: bench.guard.mode == Mode.HOLD)
    steps = np.abs(np.diff(np.array(bench.driver.written), axis=0))
    assert bench.driver.q == pytest.approx(FER.home + 0.05, abs=1e-3)
    assert (steps <= FER.velocity * 0.01).all()


@pytest.mark.parametrize("broken", ["broken_read", "broken_write"])
def test_a_driver_that_fails_is_a_latched_fault(bench, broken):
    bench.activate()
    bench.wait_for(lambda: bench.driver.written)
    setattr(bench.driver, broken, True)
    bench.wait_for(lambda: bench.guard.mode == Mode.FAULT)
    assert bench.guard.fault == "driver_lost" and "OSError" in bench.guard.fault_detail
    setattr(bench.driver, broken, False)
    cycles, written = bench.loop.cycles, len(bench.driver.written)
    bench.wait_for(lambda: bench.loop.cycles > cycles + 5)
    assert len(bench.driver.written) <= written + 1, "commands before the reset"
    assert bench.loop.reset() == "" and bench.guard.mode == Mode.HOLD
    bench.wait_for(lambda: len(bench.driver.written) > written + 3)


def test_a_robot_that_cannot_be_recovered_stays_in_fault(bench):
    bench.activate()
    bench.driver.broken_read = True
    bench.wait_for(lambda: bench.guard.mode == Mode.FAULT)
    with pytest.raises(UserError, match="plug it in"):
        bench.loop.reset()
    assert bench.guard.fault == "driver_lost"


def lost_bench() -> Bench:
    """A loop that the test turns by hand, in the fault of a driver that a recovery mends."""
    bench = Bench()
    bench.loop.cycle()
    bench.guard.activate(bench.loop.state.q)
    bench.loop.cycle()
    bench.driver.broken_read = bench.driver.mendable = True
    bench.loop.cycle()
    assert bench.guard.mode == Mode.FAULT and bench.guard.fault == "driver_lost"
    bench.driver.written.clear()
    return bench


def test_after_a_loss_the_command_starts_where_the_arm_is_found():
    bench = lost_bench()
    bench.driver.q = elsewhere = FER.home + 0.4 * np.eye(7)[0]
    bench.loop.cycle()
    assert bench.driver.written == []
    assert bench.loop.reset() == "" and bench.guard.mode == Mode.HOLD
    bench.loop.cycle()
    assert bench.driver.written[0] == pytest.approx(elsewhere)


@pytest.mark.parametrize("posture", [np.full(7, np.nan), FER.home + 9.0])
def test_no_command_is_written_after_a_loss_until_a_reset_succeeds(posture):
    bench = lost_bench()
    bench.driver.q = posture
    for _ in range(3):
        assert "outside the limits" in bench.loop.reset()
        bench.loop.cycle()
    assert bench.guard.mode == Mode.FAULT and bench.guard.fault == "driver_lost"
    assert bench.driver.written == []
    bench.driver.q = FER.home.copy()
    assert bench.loop.reset() == ""
    bench.loop.cycle()
    assert len(bench.driver.written) == 1


def test_a_robot_that_falls_silent_again_after_its_recovery_is_told(monkeypatch):
    bench = lost_bench()
    monkeypatch.setattr(bench.driver, "recover", lambda: None)
    with pytest.raises(UserError, match="not heard after its recovery: OSError: cable unplugged"):
        bench.loop.reset()
    assert bench.guard.mode == Mode.FAULT


def test_an_arm_that_did_not_follow_is_recovered_at_the_reset_and_not_while_it_stops():
    bench = Bench()
    bench.loop.cycle()
    bench.guard.activate(bench.loop.state.q)
    assert bench.guard.home(FER.home + 0.5) == ""
    for _ in range(50):
        bench.loop.cycle()
    bench.guard.trip("tracking_error", "blocked")
    assert "still stopping" in bench.loop.reset() and bench.driver.recoveries == 0
    for _ in range(50):
        bench.loop.cycle()
    assert bench.guard.mode == Mode.FAULT
    assert bench.loop.reset() == "" and bench.guard.mode == Mode.HOLD
    assert bench.driver.recoveries == 1


def test_a_loop_that_stood_still_rests_where_the_robot_was_left(bench):
    bench.activate()
    assert bench.guard.home(FER.home + 0.5) == ""
    bench.wait_for(lambda: np.abs(bench.driver.q - FER.home).max() > 0.1)
    bench.loop._last_cycle -= 1.0
    bench.wait_for(lambda: bench.guard.fault)
    assert bench.guard.fault == "loop_stalled" and bench.guard.mode == Mode.FAULT
    held, written = bench.driver.q, len(bench.driver.written)
    bench.wait_for(lambda: len(bench.driver.written) > written + 3)
    assert (np.array(bench.driver.written[written:]) == held).all()


def test_a_driver_that_does_not_come_back_is_told_on_diagnostics(bench):
    bench.wait_for(lambda: bench.loop.state is not None)
    assert statuses.control_loop(bench.loop).level == OK
    read, asked = bench.driver.read, threading.Event()

    def hanging_read() -> RobotState:
        asked.set()
        bench.pause.wait(LIMIT)
        return read()

    bench.driver.read = hanging_read
    assert asked.wait(LIMIT)
    bench.loop._last_cycle -= 2.0
    status = statuses.control_loop(bench.loop)
    assert status.level == ERROR and "the driver does not answer" in status.message
    bench.pause.set()


def test_two_commands_are_never_much_closer_than_a_period(bench):
    bench.activate()
    times: list[float] = []
    write = bench.driver.write

    def slow_write(*command) -> None:
        times.append(time.monotonic())
        if len(times) % 5 == 0:
            bench.pause.wait(0.025)
        write(*command)

    bench.driver.write = slow_write
    bench.wait_for(lambda: len(times) > 40)
    spacing = np.diff(times)
    assert spacing.min() > 0.004
    # The sixth, eleventh, ... command is late: after it the beat begins anew.
    assert spacing[5::5].min() > 0.007


def test_a_failure_beside_the_guard_stops_the_arm_and_not_the_loop(bench):
    bench.activate()
    bench.problem = RuntimeError("cannot publish")
    bench.wait_for(lambda: bench.guard.mode == Mode.FAULT)
    assert bench.guard.fault == "internal" and "cannot publish" in bench.guard.fault_detail
    cycles = bench.loop.cycles
    bench.wait_for(lambda: bench.loop.cycles > cycles + 5)


def test_stopping_the_loop_brings_the_arm_to_rest_first(bench):
    bench.activate()
    assert bench.guard.home(FER.home + 0.5) == ""
    bench.wait_for(lambda: len(bench.driver.written) > 30)
    bench.loop.stop()
    assert bench.guard.mode == Mode.INACTIVE and bench.driver.stops == 1
    tail = np.diff(np.array(bench.driver.written), axis=0)[-1]
    assert np.abs(tail).max() < 1e-3


def test_an_inactive_guard_leaves_the_robot_its_control_and_goes_on_reading(bench):
    bench.activate()
    assert bench.guard.home(FER.home + 0.5) == ""
    bench.wait_for(lambda: len(bench.driver.written) > 30)
    assert bench.loop.settle() and not bench.driver.controlled
    written, cycles = len(bench.driver.written), bench.loop.cycles
    bench.driver.q = guided = FER.home + 0.2
    bench.wait_for(lambda: bench.loop.cycles > cycles + 3)
    assert bench.loop.state.q == pytest.approx(guided) and len(bench.driver.written) == written
    bench.loop.activate(bench.loop.state.q)
    bench.wait_for(lambda: bench.driver.controlled)
    assert bench.driver.written[written] == pytest.approx(guided)


def test_a_control_that_the_robot_had_ended_does_not_keep_the_guard_from_ending(bench, monkeypatch):
    def ended() -> None:
        raise RuntimeError("aborted by reflex")

    bench.activate()
    bench.wait_for(lambda: bench.driver.written)
    monkeypatch.setattr(bench.driver, "stop", ended)
    assert bench.loop.settle() and "aborted by reflex" in bench.loop.error
    assert bench.loop.reset() == "" and bench.loop.error == "" and bench.driver.recoveries == 1


@pytest.mark.parametrize("fault", [False, True])
def test_a_robot_lost_while_nobody_commanded_is_no_loss_once_it_is_heard_again(fault):
    bench = lost_bench() if fault else Bench()
    bench.loop.cycle()
    bench.guard.deactivate()
    bench.driver.broken_read = True
    bench.loop.cycle()
    bench.driver.broken_read = False
    bench.loop.cycle()
    bench.loop.activate(bench.loop.state.q)
    bench.guard.stop()
    for _ in range(3):
        bench.loop.cycle()
    assert bench.guard.mode == Mode.FAULT
    assert bool(bench.driver.written) is not fault, "a latched loss waits for its reset"


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now_ns = 1_800_000_000_000_000_000

    def advance(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)


def test_the_simulated_driver_runs_in_real_time_and_resets_its_scene(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("franka_node.drivers.simulated.time.time_ns", lambda: clock.now_ns)
    driver = DRIVERS.get("simulated")(_sim_config())
    driver.connect()
    first = driver.read()
    target = first.q + 0.1
    driver.write(target, np.zeros(7), 0.05)
    clock.advance(0.05)
    assert np.abs(driver.read().q - target).max() > 5e-3, "an arm takes its time"
    for _ in range(100):
        clock.advance(0.02)
        state = driver.read()
    assert state.q == pytest.approx(target, abs=5e-3)
    assert 0 <= clock.now_ns - state.stamp_ns < 10**7 and state.stamp_ns - first.stamp_ns > 2 * 10**9
    driver.reset_scene("", 7)
    assert driver.scene().seed == 7 and driver.scene().task == "close_drawer"
    with pytest.raises(UserError, match="close_drawer"):
        driver.reset_scene("close_drawr", 0)
    assert driver.scene().seed == 7, "a refused scene leaves the old one"
    driver.close()
    driver.close()


def _sim_config():
    from franka_node.drivers import DriverConfig

    return DriverConfig()


def test_an_unknown_driver_is_answered_with_those_that_exist():
    with pytest.raises(UserError, match="simulated"):
        DRIVERS.get("simulatd")
