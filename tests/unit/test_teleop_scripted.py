"""The live scripted demonstrator: plans from the scene as it is, waits for a slow arm, fails when told to."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from franka_node.sim.world import World
from vip_ros.errors import UserError
from vip_teleop.chunks import STEP
from vip_teleop.devices import DEVICES
from vip_teleop.intent import Intent, SimScene, View
from vip_teleop.teleop_config import TeleopConfig

DT = 1 / 30
SEED = 5


class Lab:
    """A simulated world and a demonstrator that watches it, in made-up time."""

    def __init__(self, **config: object) -> None:
        self.world = World("close_drawer", SEED)
        self.device = DEVICES.get("scripted")(TeleopConfig(device="scripted", **config))
        self.device.open()
        self.now = 0.0

    def view(self, **seen: object) -> View:
        scene = SimScene("close_drawer", SEED, self.world.qpos, self.world.success)
        view = View(self.now, (), self.world.q, 0.0, None, 0.0, "HOLD", scene=scene)
        return dataclasses.replace(view, **seen)

    def read(self, **seen: object) -> Intent:
        self.now += DT
        return self.device.read(self.view(**seen))

    def demonstrate(self, arm_moves: bool = True, limit: float = 30.0) -> list[Intent]:
        """Engage and let the arm follow until the demonstrator is done; return what it asked for."""
        assert self.device.switch(True) == ""
        asked = []
        while self.device.pressed and self.now < limit:
            intent = self.read()
            if intent.engaged:
                asked.append(intent)
            if arm_moves:
                target = self.world.q if intent.path is None else intent.path[0]
                self.world.step(target, intent.gripper or 0.0, DT)
        return asked


def test_it_solves_the_task_from_the_live_scene_and_lets_go():
    lab = Lab()
    assert not lab.read().engaged
    asked = lab.demonstrate()
    assert lab.world.success and asked[-1].engaged and not lab.read().engaged
    jumps = [np.abs(b.path[0] - a.path[0]).max() for a, b in zip(asked, asked[1:], strict=False)]
    assert max(jumps) < 0.1


def test_the_same_scene_is_demonstrated_in_the_same_way():
    first, second = (np.vstack([i.path[0] for i in Lab().demonstrate()]) for _ in range(2))
    assert np.array_equal(first, second)


def test_an_arm_that_does_not_move_is_waited_for():
    asked = Lab().demonstrate(arm_moves=False, limit=6.0)
    far = np.abs(asked[-1].path - asked[0].path[0]).max()
    assert far < 0.4 and asked[-1].engaged


def test_it_begins_only_when_the_arm_is_heard_and_holds():
    lab = Lab()
    lab.device.switch(True)
    lab.read()
    assert not lab.read(q_age=0.3).engaged and not lab.read(mode="TRACKING").engaged
    begun = lab.read()
    assert begun.engaged and np.abs(begun.path[0] - lab.world.q).max() < 0.05


def test_without_a_simulator_it_says_so():
    lab = Lab()
    lab.device.switch(True)
    assert "needs the simulator" in lab.read(scene=None).message


def test_failures_are_failures_and_breaking_off_is_possible():
    lab = Lab(failure=1.0)
    lab.demonstrate()
    assert not lab.world.success
    lab = Lab()
    lab.device.switch(True)
    for _ in range(10):
        lab.read()
    lab.device.switch(False)
    assert not lab.read().engaged


def test_skill_is_speed():
    slow, brisk = (len(Lab(skill=skill).demonstrate()) for skill in (0.5, 1.0))
    assert slow > 1.5 * brisk
    assert brisk * DT > 10 * STEP


def test_an_unknown_style_names_the_known_ones():
    with pytest.raises(UserError, match="detour, expert, miss, short, wander"):
        Lab(style="experd")
