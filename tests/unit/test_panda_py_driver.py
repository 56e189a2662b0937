"""The FER driver in front of a stand-in for panda-python: there is no simulator of an FER to connect to."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from support import fake_panda_py

from franka_node.drivers import DRIVERS
from franka_node.fci import driver as fci_driver
from franka_node.franka_config import FrankaConfig
from franka_node.limits import FER
from vip_ros.errors import UserError

REST = np.zeros(7)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> fake_panda_py.World:
    world = fake_panda_py.World(FER.home)
    for name, module in world.module().items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(fci_driver, "BETWEEN", 0.0)
    return world


@pytest.fixture
def driver(world: fake_panda_py.World) -> Iterator:
    driver = DRIVERS.get("panda_py")(FrankaConfig(driver="panda_py", robot_ip="10.0.0.1", hand=False))
    yield driver
    driver.close()


def test_it_connects_with_the_thresholds_of_the_configuration(world, driver):
    driver.connect()
    assert world.log == [("connect", "10.0.0.1"), ("collision", [7, 7, 6, 6], 20.0, 20.0)]
    state = driver.read()
    assert state.q == pytest.approx(FER.home) and driver.robot == "fer"
    assert driver.read().stamp_ns >= state.stamp_ns


def test_commands_become_references_of_the_impedance_controller(world, driver):
    driver.connect()
    target, speed = FER.home + 0.01, np.full(7, 0.1)
    driver.write(target, speed, None)
    controller = fake_panda_py._Panda.latest.controller
    assert controller.target[0] == pytest.approx(target) and controller.target[1] == pytest.approx(speed)
    assert controller.stiffness.shape == controller.damping.shape == (7,)
    driver.stop()
    assert world.log[-2:] == ["start", "stop"]


def test_a_reflex_that_only_freezes_the_state_is_told_and_recovered_from(world, driver):
    driver.connect()
    driver.write(FER.home, REST, None)
    panda = fake_panda_py._Panda.latest
    world.reflex(panda)
    assert panda.is_moving(), "panda-python does not say so itself"
    with pytest.raises(ConnectionError, match="ended the control: RuntimeError: .*cartesian_reflex"):
        driver.write(FER.home, REST, None)
    driver.recover()
    assert "recover" in world.log
    driver.write(FER.home, REST, None)
    assert world.log[-1] == "start"


def test_a_robot_that_refuses_is_tried_three_times(world, driver):
    world.refusal = "libfranka: Connection timeout"
    with pytest.raises(UserError, match="failed 3 times, at last in 'connecting': RuntimeError: libfranka"):
        driver.connect()


def test_the_hand_opens_by_moving_and_closes_by_grasping_whatever_is_there(world):
    hand = DRIVERS.get("panda_py")(FrankaConfig(driver="panda_py")).open_hand()
    hand.move(0.08)
    hand.move(0.0)
    assert world.log == [("move", 0.08, 0.1), ("grasp", 0.0, 20.0, 0.1)]
    assert hand.width() == 0.02


@pytest.mark.skipif(
    importlib.util.find_spec("panda_py") is None, reason="panda_py (the extra 'panda') is not installed"
)
def test_the_real_library_has_all_that_the_stand_in_has():
    import panda_py
    import panda_py.controllers
    import panda_py.libfranka

    def calls(kind: type) -> list[str]:
        return [name for name in vars(kind) if not name.startswith("_") and callable(getattr(kind, name))]

    for name in calls(fake_panda_py._Panda):
        assert hasattr(panda_py.Panda, name)
    for name in calls(fake_panda_py._Gripper):
        assert hasattr(panda_py.libfranka.Gripper, name)
    controller = panda_py.controllers.JointPosition(np.full(7, 10.0), np.full(7, 1.0), filter_coeff=1.0)
    controller.set_control(FER.home, REST)
    assert hasattr(panda_py.libfranka.Robot, "set_collision_behavior")
