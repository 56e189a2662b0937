"""A guard whose loop is late, in front of a trajectory controller, which goes on by itself."""

from __future__ import annotations

import numpy as np
import pytest
from graph.fake_franka_ros2 import cubic
from unit.guard_rig import Rig

from franka_node.drivers import DRIVERS
from franka_node.franka_config import FrankaConfig
from franka_node.guard_config import GuardConfig
from franka_node.guard_output import Mode
from franka_node.limits import FR3
from franka_node.ros2_control.coasting import Coasting, coast
from franka_node.ros2_control.commands import PHRASINGS

SPEED = 0.89  # rad/s
# Between two looks at the controller, s.
TICK = 0.001


class Controller:
    """A joint trajectory controller that takes each trajectory up from its desired state."""

    def __init__(self, q: np.ndarray, period: float) -> None:
        self.phrasing = PHRASINGS.get("joint_trajectory_controller")(FR3, period)
        self.q, self.dq, self.time = q, np.zeros(7), 0.0
        self.speeds: list[float] = []
        self._knots: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    def go_on(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(round(seconds / TICK)):
            self.time += TICK
            if self._knots is not None:
                self.q, self.dq = cubic(*self._knots, self.time)
            self.speeds.append(float(self.dq[0]))

    def take(self, q: np.ndarray, dq: np.ndarray) -> None:
        """Take a command."""
        points = self.phrasing.moving(q, dq).points
        ahead = [p.time_from_start.sec + p.time_from_start.nanosec * 1e-9 for p in points]
        self._knots = (
            np.concatenate(([self.time], self.time + np.array(ahead))),
            np.vstack((self.q, [p.positions for p in points])),
            np.vstack((self.dq, [p.velocities for p in points])),
        )


class CoastingRig(Rig):
    """The first joint moves at a constant speed, the controller is the robot."""

    def __init__(self, config: GuardConfig | None = None) -> None:
        home = FR3.home
        self.controller = Controller(home, 0.01)
        super().__init__("fr3", config=config, coasting=self.controller.phrasing.coasting)
        self.controller.q = self.q
        self._home, self._next = self.q.copy(), 0.2

    def step(self, pause: float | None = None) -> None:
        """One cycle, after a pause (s) instead of the period."""
        pause = self.dt if pause is None else pause
        self.time += pause - self.dt
        self.controller.go_on(pause)
        for stream in self.live:
            self.guard.note_input(stream, self.now_ns, self.now_ns)
        self.guard.stalled(pause)
        self.q = self.controller.q
        output = self.cycle()
        if output.q_command is not None:
            self.controller.take(output.q_command, output.dq)
        if self.time >= self._next and self.mode in (Mode.HOLD, Mode.TRACKING):
            self._next = self.time + 0.1
            origin = self.time - 0.05
            ways = [SPEED * max(origin + 0.1 * (k + 1) - 0.3, 0.0) for k in range(8)]
            assert self.submit([self._home + way * np.eye(7)[0] for way in ways], age=0.05) == ""

    def steps(self, seconds: float) -> None:
        for _ in range(round(seconds / self.dt)):
            self.step()


def in_full_motion(config: GuardConfig | None = None) -> CoastingRig:
    rig = CoastingRig(config)
    rig.steps(1.0)
    assert rig.controller.dq[0] == pytest.approx(SPEED, abs=0.05)
    rig.controller.speeds.clear()
    return rig


@pytest.mark.parametrize("pause", [0.02, 0.03, 0.05, 0.1, 0.3])
def test_a_late_command_is_not_behind_where_the_controller_is_and_no_jolt(pause):
    rig = in_full_motion()
    rig.step(pause)
    assert rig.mode == Mode.TRACKING and rig.guard.fault == ""
    assert rig.outputs[-1].q_command[0] >= rig.controller.q[0] - 1e-6
    rig.steps(0.5)
    speeds = np.array(rig.controller.speeds)
    assert speeds.min() > -0.01, "it went back"
    assert np.abs(np.diff(speeds)).max() / TICK <= FR3.acceleration[0]
    assert rig.mode == Mode.TRACKING


def test_after_a_stall_nothing_is_commanded_until_the_reset_which_starts_where_the_controller_rests():
    rig = in_full_motion()
    rig.step(0.6)
    assert rig.mode == Mode.FAULT and rig.guard.fault == "loop_stalled"
    rested = rig.controller.q.copy()
    rig.steps(0.1)
    assert rig.outputs[-1].q_command is None and (rig.controller.q == rested).all()
    assert rig.guard.reset() == ""
    assert rig.cycle().q_command == pytest.approx(rested, abs=1e-6)


def test_a_pause_while_it_stops_ends_at_rest_without_going_back():
    rig = in_full_motion()
    rig.guard.stop()
    rig.step()
    rig.step(0.1)
    rig.steps(0.3)
    assert rig.mode == Mode.FAULT and rig.guard.fault == "stopped"
    assert min(rig.controller.speeds) > -0.01 and rig.controller.dq[0] == pytest.approx(0.0, abs=1e-3)


def test_where_nothing_safe_leads_on_the_controller_is_left_to_its_own_rest(monkeypatch):
    rig = in_full_motion()
    monkeypatch.setattr(rig.guard._follower.motion, "_outside", lambda state, end: [0])
    rig.step(0.1)
    assert rig.guard.fault == "loop_stalled" and "nothing safe" in rig.guard.fault_detail
    assert rig.mode == Mode.FAULT and rig.outputs[-1].q_command is None


def test_coasting_is_the_way_that_goes_along_with_the_command():
    dq, deceleration = np.linspace(-1.0, 1.0, 7), 0.7 * FR3.acceleration
    coasting = Coasting(0.02, deceleration)
    begin = (0.0, FR3.home, dq)
    way = zip(coast(FR3.home, dq, deceleration), begin, strict=True)
    knots = [np.insert(values, 0, first, axis=0) for values, first in way]
    for seconds in (0.02, 0.03, 0.1, 0.5):
        q, v = coasting.after(seconds, FR3.home, dq)
        expected = cubic(*knots, seconds - 0.02)
        assert q == pytest.approx(expected[0]) and v == pytest.approx(expected[1])


def test_every_driver_tells_whether_it_goes_on_by_itself():
    def coasting(name: str, **params: str) -> Coasting | None:
        return DRIVERS.get(name)(FrankaConfig(driver=name, **params)).coasting

    assert coasting("simulated") is coasting("franky") is coasting("panda_py") is None
    assert coasting("ros2_control", controller="forward_command_controller") is None
    told = coasting("ros2_control", controller="joint_trajectory_controller")
    assert told is not None and told.lead == 0.02
