"""The scripted demonstrator behind the guard: what it asks for passes nearly unchanged."""

from __future__ import annotations

import numpy as np
import pytest

from franka_node.chunk import ActionChunk
from franka_node.guard import Guard
from franka_node.guard_config import GuardConfig
from franka_node.limits import FER
from franka_node.sim.world import World
from vip_teleop.chunks import STEP, DriveChunk
from vip_teleop.devices import DEVICES
from vip_teleop.driving import Driving
from vip_teleop.intent import SimScene, View
from vip_teleop.retiming import due_times
from vip_teleop.teleop_config import TeleopConfig
from vip_teleop.teleop_node import MARGIN

CYCLE, ROUND = 0.01, 3
"""Period of the guard, s, and how many of them pass between two chunks."""
LIMIT = 30.0  # s


class GuardedLab:
    """A simulated arm behind its guard, and a demonstrator that drives it, in made-up time.

    Args:
        task: whose scene.
        seed: of the scene.
        stalls: share of the demonstrator's turns that are missed, as on a busy machine.
    """

    def __init__(self, task: str, seed: int, stalls: float = 0.0) -> None:
        self.world = World(task, seed)
        self.device = DEVICES.get("scripted")(TeleopConfig(device="scripted"))
        self.device.open()
        self.guard = Guard(FER, GuardConfig(), CYCLE)
        self.guard.activate(self.world.q.copy())
        self.driving = Driving(self.device.config, FER.stricter(margin=MARGIN), joints=True)
        self._stalls, self._random = stalls, np.random.default_rng(seed)
        self.now = 1000.0

    def demonstrate(self) -> bool:
        """Drive until the demonstrator lets go; return whether the task is solved soon after."""
        self.device.switch(True)
        end = self.now + LIMIT
        while self.device.pressed and self.now < end:
            if self._random.random() >= self._stalls:
                self._send(self.driving.step(self.device.read(self._view()), self._view()))
            self._pass(ROUND)
        self._send(self.driving.let_go())
        self._pass(100)
        return self.world.success

    def _view(self) -> View:
        world = self.world
        scene = SimScene(world.task, world.seed, world.qpos, world.success)
        q, mode = world.q.copy(), self.guard.mode.name
        return View(
            self.now, FER.joint_names, q, 0.01, None, world.gripper, mode, self.guard.fault, scene=scene
        )

    def _send(self, chunk: DriveChunk | None) -> None:
        if chunk is None:
            return
        rows = chunk.positions
        widths = [] if chunk.width is None else [chunk.width] * len(rows)
        stamp = self._ns()
        sent = ActionChunk(stamp, FER.joint_names, STEP, len(rows), rows, widths, "teleop", chunk.final)
        assert self.guard.submit(sent, stamp) == ""

    def _pass(self, cycles: int) -> None:
        for _ in range(cycles):
            self.now += CYCLE
            self.guard.note_input("joint_state", self._ns(), self._ns())
            output = self.guard.update(self._ns(), self.world.q.copy(), self.world.dq.copy())
            width = self.world.gripper if output.gripper is None else output.gripper
            self.world.step(output.q_command, width, CYCLE)

    def _ns(self) -> int:
        return round(self.now * 1e9)


# Scenes whose bends are too sharp for the guard at the planned pace: there the hand used to overshoot.
@pytest.mark.parametrize(("task", "seed"), [("push_bottle", 0), ("push_bottle", 1), ("fold_towel", 3)])
def test_the_guard_has_hardly_anything_to_change_and_the_task_is_solved(task: str, seed: int) -> None:
    lab = GuardedLab(task, seed)
    assert lab.demonstrate() and not lab.guard.fault
    for change in lab.guard.interventions.summary():
        assert change.limit in ("acceleration", "jerk")
        assert change.limit == "jerk" or change.largest < 1.0, change  # rad/s^2


def test_missed_turns_of_a_busy_machine_do_not_spoil_it() -> None:
    assert GuardedLab("push_bottle", 2, stalls=0.5).demonstrate()


def test_a_path_within_the_limits_keeps_its_pace_and_a_bend_slows_down_around_itself() -> None:
    limits = np.array([1.0, 1.0]), np.array([2.0, 2.0])
    gentle = np.sin(np.linspace(0, np.pi, 41))[:, None] ** 2 * [0.2, 0.1]
    assert due_times(gentle, 0.1, *limits) == pytest.approx(0.1 * np.arange(41))
    bend = gentle.copy()
    bend[20:, 1] += 0.15
    due = due_times(bend, 0.1, *limits)
    steps = np.diff(due)
    assert steps[[0, 1, -1]] == pytest.approx(0.1) and steps[19] > 0.14
    assert (np.abs(np.diff(bend, axis=0)) / steps[:, None] < 1.03 * limits[0]).all()
    speeds = np.diff(bend, axis=0) / steps[:, None]
    assert (
        np.abs(np.diff(speeds, axis=0)) / ((steps[1:] + steps[:-1]) / 2)[:, None] < 1.05 * limits[1]
    ).all()
