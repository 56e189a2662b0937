"""The driver in front of the FCI's client libraries: control on demand, clean ends, bounded recovery."""

from __future__ import annotations

import importlib.util
import queue
import threading

import numpy as np
import pytest

from franka_node.control_loop import ControlLoop
from franka_node.drivers import DRIVERS, franky
from franka_node.fci import driver as fci_driver
from franka_node.fci.backend import Reading
from franka_node.fci.driver import FciDriver
from franka_node.fci.hand_worker import HandWorker
from franka_node.franka_config import FrankaConfig
from franka_node.guard import Guard
from franka_node.guard_config import GuardConfig
from franka_node.limits import FR3, LIMITS
from vip_ros.errors import UserError

REST = np.zeros(7)
LIMIT = 20.0  # s, for what takes milliseconds on a quiet machine


class FakeArm:
    """An arm that does what it is told, in error as often as it is told."""

    def __init__(self, world: World) -> None:
        self.world, self.time = world, 0.0

    def read(self) -> Reading:
        if self.world.unplugged:
            raise OSError("UDP timeout")
        if not self.world.frozen:
            self.time += 0.001
        return Reading(self.time, FR3.home, REST)

    def begin(self) -> None:
        self.world.log.append("begin")
        self.world.running = True

    def follow(self, q, dq) -> None:
        self.world.log.append("follow")

    def running(self) -> bool:
        return self.world.running

    def end(self) -> None:
        self.world.log.append("end")
        if self.world.reflex:
            raise RuntimeError('aborted by reflex! ["cartesian_reflex"]\ncontrol_command_success_rate: 1')
        self.world.running = False

    def has_errors(self) -> bool:
        return self.world.errors > 0

    def recover(self) -> None:
        self.world.log.append("recover")
        self.world.errors -= 1


class World:
    def __init__(self) -> None:
        self.log: list[str] = []
        self.running = self.reflex = self.frozen = self.unplugged = False
        self.errors = self.refusals = self.connections = 0


class FakeDriver(FciDriver):
    def __init__(self, world: World, **config) -> None:
        super().__init__(FrankaConfig(**{"hand": False, **config}))
        self.world = world

    def open_arm(self) -> FakeArm:
        self.world.connections += 1
        if self.world.refusals > 0:
            self.world.refusals -= 1
            raise OSError("connection refused")
        return FakeArm(self.world)

    def open_hand(self):
        raise OSError("no hand")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(fci_driver, "BETWEEN", 0.0)
    return World()


def test_control_begins_with_the_first_command_and_ends_with_stop(world):
    driver = FakeDriver(world)
    driver.connect()
    driver.read()
    assert world.log == [], "reading does not take control"
    driver.write(FR3.home, REST, None)
    driver.write(FR3.home, REST, None)
    driver.stop()
    driver.stop()
    driver.close()
    driver.close()
    assert world.log == ["begin", "follow", "follow", "end"]


def test_an_inactive_guard_gives_control_back_and_an_active_one_takes_it_again(world):
    driver, told = FakeDriver(world), []
    driver.connect()
    guard = Guard(FR3, GuardConfig(), 0.01)
    loop = ControlLoop(driver, guard, 100.0, lambda _, state, output: told.append(state.stamp_ns))
    loop.cycle()
    for _ in range(2):
        loop.activate(FR3.home)
        loop.cycle()
        assert world.running
        assert loop.settle() and not world.running
        before = len(told)
        loop.cycle()
        assert len(told) == before + 1 and told[-1] > told[-2], "its state is told all the same"
    assert world.log == ["begin", "follow", "end"] * 2


def test_a_control_that_the_robot_ended_meanwhile_is_no_fault_at_the_next_activation(world):
    driver = FakeDriver(world)
    driver.connect()
    guard = Guard(FR3, GuardConfig(), 0.01)
    loop = ControlLoop(driver, guard, 100.0, lambda *_: None)
    loop.cycle()
    loop.activate(FR3.home)
    loop.cycle()
    assert loop.settle()
    world.running = False  # a hand on the guiding buttons
    loop.activate(FR3.home)
    loop.cycle()
    assert guard.fault == "" and world.running


def test_closing_ends_the_control_that_still_runs(world):
    driver = FakeDriver(world)
    driver.connect()
    driver.write(FR3.home, REST, None)
    driver.close()
    assert world.log[-1] == "end" and not world.running


def test_a_state_that_does_not_go_on_keeps_its_stamp(world):
    driver = FakeDriver(world)
    driver.connect()
    first = driver.read().stamp_ns
    world.frozen = True
    second = driver.read().stamp_ns
    assert second >= first and driver.read().stamp_ns == second


def test_a_reflex_is_told_with_its_reason_and_recovered_from(world):
    driver = FakeDriver(world)
    driver.connect()
    driver.write(FR3.home, REST, None)
    world.running, world.reflex, world.errors = False, True, 2
    with pytest.raises(ConnectionError, match="ended the control: .*cartesian_reflex") as told:
        driver.write(FR3.home, REST, None)
    assert "\n" not in str(told.value)
    driver.recover()
    assert world.log.count("recover") == 2 and world.connections == 2
    world.reflex = False
    driver.write(FR3.home, REST, None)
    assert world.log[-2:] == ["begin", "follow"]


def test_old_errors_are_cleared_when_connecting(world):
    world.errors = 1
    FakeDriver(world).connect()
    assert world.log == ["recover"]


def test_attempts_to_connect_and_to_recover_are_bounded(world):
    world.refusals = 2
    FakeDriver(world).connect()
    assert world.connections == 3
    world.refusals = 99
    with pytest.raises(UserError, match="3 times, at last in 'connecting': OSError: connection refused"):
        FakeDriver(world).connect()
    world.refusals, world.errors = 0, 99
    with pytest.raises(UserError, match="'error recovery': the robot is still in error"):
        FakeDriver(world).connect()


def test_a_missing_hand_is_said_with_the_way_out(world):
    with pytest.raises(UserError, match="hand cannot be reached: no hand: .*set hand to false"):
        FakeDriver(world, hand=True).connect()


@pytest.mark.parametrize(
    ("name", "module", "mend"),
    [
        ("franky", "franky", r"VIP_EXTRAS=\S*franka|pip install 'vip-robot\[franka\]'"),
        ("panda_py", "panda_py", "panda-python"),
    ],
)
def test_a_missing_library_is_said_with_the_way_out(name, module, mend):
    if importlib.util.find_spec(module) is not None:
        pytest.skip(f"{module} is installed")
    with pytest.raises(UserError, match=mend):
        DRIVERS.get(name)(FrankaConfig(driver=name)).connect()


@pytest.mark.parametrize(
    ("name", "joint", "own"),
    [("franky", "fr3_joint1", "fr3-unknown-firmware"), ("panda_py", "panda_joint1", "fer")],
)
def test_a_driver_takes_every_table_of_its_arm_and_no_other(name, joint, own):
    driver = DRIVERS.get(name)
    for table in LIMITS.names():
        config = FrankaConfig(driver=name, robot=table, hand=False)
        if LIMITS.get(table).joint_names[0] == joint:
            driver(config)
            continue
        with pytest.raises(UserError, match=f"robot '{table}' is no table .* or '' for {own}") as told:
            driver(config)
        assert "\n" not in str(told.value)
    assert driver(FrankaConfig(driver=name, hand=False)).robot == own


@pytest.mark.parametrize("wrong", [{"stiffness_scale": 1.5}, {"collision_torque": 0.0}])
def test_values_that_make_the_arm_more_dangerous_are_refused(wrong):
    with pytest.raises(UserError):
        FrankaConfig(**wrong)


@pytest.mark.parametrize(
    ("kernel", "limit", "expected"), [(True, 99, True), (True, 0, False), (False, 99, False)]
)
def test_real_time_is_asked_for_only_where_it_can_be_had(tmp_path, monkeypatch, kernel, limit, expected):
    monkeypatch.setattr(franky.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(franky.resource, "getrlimit", lambda which: (limit, limit))
    flag = tmp_path / "realtime"
    if kernel:
        flag.write_text("1")
    assert franky.real_time_allowed(flag) is expected


class SlowHand:
    """A hand whose motion lasts until it is stopped or let through."""

    def __init__(self) -> None:
        self.moves: queue.Queue[float] = queue.Queue()
        self.stopped = threading.Event()

    def width(self) -> float:
        return 0.03

    def move(self, width: float) -> None:
        self.moves.put(width)
        if width == 0.0:
            assert self.stopped.wait(LIMIT)

    def stop(self) -> None:
        self.stopped.set()


def test_a_new_wish_stops_the_motion_of_the_hand_that_is_under_way():
    hand, said = SlowHand(), []
    worker = HandWorker(hand, said.append)
    worker.wish = 0.0
    assert hand.moves.get(timeout=LIMIT) == 0.0
    worker.wish = 0.07
    assert hand.moves.get(timeout=LIMIT) == 0.07
    assert hand.stopped.is_set() and worker.width == 0.03 and said == []
    worker.close()


def test_closing_stops_the_motion_of_the_hand():
    hand = SlowHand()
    worker = HandWorker(hand, lambda text: None)
    worker.wish = 0.0
    hand.moves.get(timeout=LIMIT)
    worker.close()
    assert hand.stopped.is_set()


def test_a_hand_that_fails_is_told_and_the_next_wish_tried():
    class Broken(SlowHand):
        def move(self, width: float) -> None:
            self.moves.put(width)
            raise OSError("not homed")

    hand, said = Broken(), queue.Queue()
    worker = HandWorker(hand, said.put)
    for width in (0.0, 0.07):
        worker.wish = width
        assert hand.moves.get(timeout=LIMIT) == width
        assert said.get(timeout=LIMIT) == "the hand did not move: OSError: not homed"
    worker.close()
