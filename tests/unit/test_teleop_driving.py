"""The dead-man switch, following joints, guiding by hand: what is sent, and when nothing is."""

from __future__ import annotations

import dataclasses
import math
import time

import numpy as np
import pytest
from sensor_msgs.msg import JointState

from franka_node.limits import FER
from vip_ros.errors import UserError
from vip_teleop.chunks import HORIZON, STEP, carried
from vip_teleop.devices.leader import LeaderArm
from vip_teleop.driving import Driving
from vip_teleop.intent import Intent, View
from vip_teleop.teleop_config import TeleopConfig
from vip_teleop.twist_motion import REACH

LIMITS = FER.stricter(0.012)
START = np.array([0.45, -0.28, 0.02, -2.40, -0.13, 2.12, -0.73])
DT = 1 / 30
AHEAD = np.array([1.0, 0, 0, 0, 0, 0])


class Session:
    """A person at a device, an arm that does what it is told, and a clock."""

    def __init__(self, joints: bool = False, commanding: bool = True, **config: object) -> None:
        self.driving = Driving(TeleopConfig(**config), LIMITS, joints, commanding)
        self.view = View(0.0, FER.joint_names, START.copy(), 0.0, None, 0.04, "HOLD")
        self.chunks: list = []

    def step(self, intent: Intent, **seen: object):
        self.view = dataclasses.replace(self.view, now=self.view.now + DT, **seen)
        chunk = self.driving.step(intent, self.view)
        if chunk is not None:
            self.chunks.append(chunk)
            if self.view.mode in ("HOLD", "TRACKING"):
                mode = "HOLD" if chunk.final else "TRACKING"
                self.view = dataclasses.replace(self.view, q=chunk.positions[0].copy(), mode=mode)
        return chunk

    def run(self, count: int, intent: Intent) -> None:
        for _ in range(count):
            self.step(intent)


def hold(**changes) -> Intent:
    return Intent(engaged=True, **{"twist": AHEAD, **changes})


def test_nothing_is_sent_while_the_switch_is_released():
    session = Session()
    session.run(5, Intent(twist=AHEAD, path=None))
    assert not session.chunks and not session.driving.engaged


def test_holding_the_switch_still_holds_the_arm():
    session = Session()
    session.run(5, hold(twist=np.zeros(6)))
    assert len(session.chunks) == 5
    assert all(np.allclose(chunk.positions, START) for chunk in session.chunks)


def test_letting_go_sends_one_final_chunk_that_comes_to_rest():
    session = Session()
    session.run(20, hold())
    session.step(Intent())
    last = session.chunks[-1]
    assert last.final and not session.chunks[-2].final
    steps = np.abs(np.diff(last.positions, axis=0)).max(axis=1)
    assert (np.diff(steps) < 0).all() and steps[-1] < 1e-3
    session.run(5, Intent())
    assert session.chunks[-1] is last


def test_a_fault_ends_the_driving_until_the_switch_was_released():
    session = Session()
    session.run(5, hold())
    session.step(hold(), mode="FAULT", fault="stopped")
    assert not session.driving.engaged and "stopped" in session.driving.message
    sent = len(session.chunks)
    for _ in range(5):
        session.step(hold(), mode="HOLD", fault="")
    assert len(session.chunks) == sent
    session.step(Intent())
    session.step(hold())
    assert session.driving.engaged and len(session.chunks) == sent + 1


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        ({"q": None}, "no fresh joint state"),
        ({"q_age": 1.0}, "no fresh joint state"),
        ({"q": np.full(7, np.nan)}, "NaN"),
        ({"mode": ""}, "not there"),
        ({"mode": "HOMING"}, "homing"),
        ({"mode": "INACTIVE"}, "inactive"),
        ({"mode": "FAULT", "fault": "image_stale"}, "image_stale"),
    ],
)
def test_driving_does_not_begin_from_an_unknown_or_stopped_robot(seen, reason):
    session = Session()
    assert session.step(hold(), **seen) is None
    assert reason in session.driving.message and not session.driving.engaged


def test_a_takeover_begins_from_the_command_not_from_the_lagging_arm():
    session = Session()
    ahead = START + 0.03
    session.step(hold(twist=np.zeros(6)), mode="TRACKING", driver="policy", command=ahead)
    assert session.chunks[0].positions == pytest.approx(np.tile(ahead, (HORIZON, 1)))


def test_speed_frame_and_gripper_change_while_driving():
    session = Session()
    settings = session.driving.settings
    session.step(hold(buttons=("faster", "frame", "gripper")))
    assert settings.linear == pytest.approx(0.125) and settings.frame == "tool"
    assert session.chunks[-1].width == pytest.approx(0.08)  # measured 0.04: opened
    session.step(hold(buttons=("gripper", "slower", "slower", "frame")))
    assert session.chunks[-1].width == 0.0 and settings.linear == pytest.approx(0.08)
    assert settings.frame == "base"
    session.step(hold(buttons=("faster",) * 50))
    assert settings.linear == 0.5 and settings.angular == 2.5


def test_a_blocked_arm_does_not_wind_the_wish_up():
    session = Session(linear_speed=0.3)
    for _ in range(100):
        session.step(hold(), q=START)
    farthest = np.abs(session.chunks[-1].positions - START).max()
    assert farthest < REACH + 0.2


def test_the_gripper_is_left_alone_until_somebody_asks():
    session = Session()
    session.step(hold())
    assert session.chunks[-1].width is None


def test_speed_grows_over_the_ramp_and_never_beyond_full_deflection():
    session = Session(ramp=0.3, linear_speed=0.1)
    session.run(30, hold(twist=AHEAD * 5))
    moves = [np.abs(np.diff(chunk.positions, axis=0)[0]).max() / STEP for chunk in session.chunks]
    assert moves[0] < 0.3 * moves[12] and max(moves) < 0.6


def leader(q: np.ndarray, **changes) -> Intent:
    return Intent(engaged=True, path=np.array([q]), **changes)


def test_a_leader_far_from_the_robot_is_refused_with_the_joint():
    session = Session(joints=True, leader_reach=0.5)
    assert session.step(leader(START + np.eye(7)[3] * 0.6)) is None
    assert "panda_joint4 is 0.60 rad away" in session.driving.message


def test_the_robot_catches_up_with_a_leader_gently_then_follows_it():
    session = Session(joints=True, leader_catch_up=0.3)
    target = START + np.eye(7)[1] * 0.4
    begin = START.copy()
    session.run(15, leader(target))
    speed = np.abs(session.view.q - begin).max() / (15 * DT)
    assert speed <= 0.3 * (STEP + 15 * DT) / (15 * DT) + 1e-9
    session.run(60, leader(target))
    assert session.view.q == pytest.approx(target, abs=0.01)
    session.run(5, leader(target + np.eye(7)[1] * 0.1))
    assert session.view.q[1] > target[1] + 0.05


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_joints_that_are_no_numbers_stop_the_following(broken):
    session = Session(joints=True)
    session.run(3, leader(START))
    session.step(leader(START * broken))
    assert not session.driving.engaged and session.chunks[-1].final
    assert np.isfinite(session.chunks[-1].positions).all()


def test_a_leader_outside_the_limits_leads_to_the_limit_only():
    session = Session(joints=True, leader_reach=3.0)
    session.run(400, leader(START + np.eye(7)[5] * 2.9))
    rows = np.vstack([chunk.positions for chunk in session.chunks])
    assert (rows <= LIMITS.upper + 1e-9).all() and rows[-1, 5] == pytest.approx(LIMITS.upper[5])


ARM, HAND = list(FER.joint_names), ["panda_finger_joint1", "panda_finger_joint2"]
OTHER = [f"leader_joint{i}" for i in range(1, 8)]
ANGLES, TRAVELS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], [0.01, 0.02]


def heard(names: list[str], position: list[float]) -> Intent:
    """Return what a leader wants that sent these joint states."""
    device = LeaderArm(TeleopConfig())
    device._on_state(JointState(name=names, position=position))
    return device.read(View(time.monotonic(), FER.joint_names))


@pytest.mark.parametrize(
    ("names", "position", "width"),
    [
        ([*ARM, *HAND], [*ANGLES, *TRAVELS], 0.03),
        ([*HAND, *ARM], [*TRAVELS, *ANGLES], 0.03),
        ([*HAND, *reversed(ARM)], [*TRAVELS, *reversed(ANGLES)], 0.03),
        ([*ARM, "turntable"], [*ANGLES, 1.5], None),
        (ARM, ANGLES, None),
        ([*OTHER, "gripper"], [*ANGLES, 0.05], 0.05),
        (["leader_finger", *OTHER], [0.05, *ANGLES], 0.05),
        ([], [*ANGLES, 0.05], 0.05),
        ([*ARM, *HAND], [*ANGLES, math.nan, 0.02], None),
        ([*ARM, *HAND], [*ANGLES, math.inf, 0.02], None),
    ],
)
def test_a_leaders_joints_and_fingers_are_told_by_their_names(names, position, width):
    intent = heard(names, position)
    assert intent.path is not None and intent.path[0].tolist() == ANGLES
    assert intent.gripper == (None if width is None else pytest.approx(width))


@pytest.mark.parametrize("names", [[*ARM[:6], *HAND], [*OTHER[:6], *HAND]])
def test_a_finger_is_never_taken_for_a_missing_joint(names):
    intent = heard(names, [*ANGLES[:6], *TRAVELS])
    assert intent.path is None and "has 6 joints, the robot 7" in intent.message


def test_a_hand_guided_robots_joints_are_told_while_the_guard_is_inactive_only():
    session = Session(joints=True, commanding=False)
    assert session.step(hold(), mode="HOLD") is None and "deactivate franka_node" in session.driving.message
    session.step(Intent(), mode="INACTIVE")
    session.step(hold(), q=START + 0.1)
    assert session.chunks[-1].positions == pytest.approx(np.tile(START + 0.1, (HORIZON, 1)))
    session.step(Intent())
    assert len(session.chunks) == 1


def test_a_switch_let_go_for_less_than_a_step_is_a_new_try():
    session = Session(joints=True, commanding=False)
    assert session.step(hold(), mode="HOLD") is None
    assert session.step(hold(), mode="INACTIVE") is None
    session.driving.released()
    assert session.step(hold()) is not None


def test_a_switch_held_from_before_drives_only_after_a_release():
    session = Session()
    session.driving.await_release()
    session.run(3, hold())
    assert not session.chunks and "held from before" in session.driving.message
    session.step(Intent())
    assert session.step(hold()) is not None and session.driving.engaged


def test_a_chunk_carries_on_briefly_then_rests_inside_the_limits():
    q = LIMITS.upper - 0.01
    speed = np.full(7, 0.5)
    rows = carried(q, speed, speed, LIMITS.lower, LIMITS.upper)
    assert (rows <= LIMITS.upper).all()
    free = carried(START, speed, speed, LIMITS.lower, LIMITS.upper)
    assert free[0] == pytest.approx(START + 0.5 * STEP)
    assert np.abs(free[-1] - free[-2]).max() < 0.1 * 0.5 * STEP


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frame": "world"}, "unknown frame 'world'"),
        ({"rate": 1.0}, "rate is 1: give 5 to 100 Hz"),
        ({"linear_speed": 2.0}, "linear_speed is 2"),
        ({"failure": 1.5}, "failure is 1.5"),
    ],
)
def test_a_wrong_setting_says_what_to_give(changes, message):
    with pytest.raises(UserError) as caught:
        TeleopConfig(**changes)
    assert message in str(caught.value).replace(" [teleop_node]", "")


def test_a_late_chunk_goes_on_where_the_one_before_has_led_meanwhile():
    session = Session(joints=True)
    speed = np.eye(7)[0] * 0.8
    plan = START + np.outer(np.arange(1, 60) * STEP, speed)

    def following(index: int) -> Intent:
        return Intent(engaged=True, path=plan[index : index + HORIZON])

    session.step(following(0))
    first = session.chunks[-1].positions
    session.view = dataclasses.replace(session.view, now=session.view.now + 4 * STEP - DT)
    session.step(following(4))
    assert session.chunks[-1].positions == pytest.approx(plan[4 : 4 + HORIZON], abs=1e-9)
    assert first == pytest.approx(plan[:HORIZON], abs=1e-9)
