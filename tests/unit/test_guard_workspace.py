"""The box and the table: what leads out of them is refused or stopped before, and the way back is free."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.guard_rig import Rig

from franka_node.arm_geometry import LEVERS, PARTS, RADII, TIP, part_places, part_positions
from franka_node.chunk import ActionChunk
from franka_node.guard_config import GuardConfig
from franka_node.guard_output import Mode
from franka_node.limits import FER, LIMITS
from franka_node.sim import kinematics
from franka_node.workspace import Workspace, WorkspaceConfig
from vip_ros.errors import UserError

# A box whose lower side lies a hand's breadth below the fingertips at home.
TIGHT = {"workspace_lower": [0.1, -0.4, 0.4], "workspace_upper": [0.6, 0.4, 0.9]}
postures = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).uniform(FER.lower, FER.upper)
)


def tips(q: np.ndarray) -> np.ndarray:
    return part_positions(q)[..., TIP, :]


def reaching(rig: Rig, way: np.ndarray, steps: int = 8) -> np.ndarray:
    """Postures [steps, 7] along a straight way [3] (m) of the fingertips from where the arm is."""
    pose, q, rows = kinematics.forward(rig.q), rig.q, []
    for share in np.arange(1, steps + 1) / steps:
        target = pose.copy()
        target[:3, 3] += share * way
        q = kinematics.inverse(target, q, rest=rig.q).q
        rows.append(q)
    return np.array(rows)


@given(postures)
def test_the_fingertips_are_where_the_simulator_has_them(q):
    assert tips(q) == pytest.approx(kinematics.forward(q)[:3, 3], abs=1e-9)


def test_a_batch_of_postures_gives_what_each_gives_alone():
    q = np.random.default_rng(1).uniform(FER.lower, FER.upper, (4, 3, 7))
    batch = part_positions(q)
    assert batch.shape == (4, 3, len(PARTS), 3)
    assert batch[2, 1] == pytest.approx(part_positions(q[2, 1]), abs=1e-12)


@given(postures)
def test_one_posture_in_plain_numbers_gives_the_same_places(q):
    assert np.array(part_places(q.tolist())) == pytest.approx(part_positions(q), abs=1e-12)


@given(postures, st.integers(0, 2**32 - 1), st.floats(1e-3, 1.0))
def test_no_part_moves_farther_than_the_levers_say(q, seed, size):
    change = np.random.default_rng(seed).normal(0, size, 7)
    moved = np.linalg.norm(part_positions(q + change) - part_positions(q), axis=-1)
    assert moved.max() <= np.abs(change) @ LEVERS + 1e-12


def test_home_has_room_in_the_default_workspace_of_every_robot():
    for name in LIMITS.names():
        workspace = Workspace(WorkspaceConfig())
        workspace.place(LIMITS.get(name).home)
        assert workspace.refusal(LIMITS.get(name).home) == ""


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ([0.0, 0.0, -0.55], "below the table"),
        ([0.0, 0.0, -0.2], r"fingertips \d+.\d cm outside the box in z"),
        ([0.35, 0.0, 0.0], r"fingertips \d+.\d cm outside the box in x"),
    ],
)
def test_a_chunk_that_leads_out_is_rejected_with_what_and_how_far(way, reason):
    box = TIGHT if "box" in reason else {}
    rig = Rig(config=GuardConfig(start_threshold=2.0, **box))
    rig.run(0.2)
    rows = reaching(rig, np.array(way))
    answer = rig.submit(rows)
    assert rig.mode == Mode.HOLD and "it leads out of the workspace: the" in answer
    assert re.search(reason, answer), answer
    assert rig.guard.admission.rejected == 1 and rig.guard.admission.accepted == 0


def test_a_way_between_two_good_points_that_leads_out_is_stopped_inside_with_a_fault():
    narrow = {**TIGHT, "workspace_upper": [0.28, 0.4, 0.9]}
    rig = Rig(config=GuardConfig(**narrow, start_threshold=2.0, action_timeout=5.0))
    begin = rig.q.copy()
    begin[0] = -0.9
    rig.q = begin
    rig.guard.restart(begin)
    rig.run(0.2)
    over = begin.copy()
    over[0] = 0.9  # the middle of the way is 0.31 m ahead of the foot
    assert rig.submit([over], step_duration=3.0) == ""
    rig.run_until(Mode.FAULT)
    assert rig.guard.fault == "workspace" and "outside the box in x" in rig.guard.fault_detail
    assert 0.25 < tips(rig.commands)[:, 0].max() <= 0.28
    assert rig.guard.reset() == ""
    rig.run(0.1)
    assert rig.submit([begin], step_duration=3.0) == ""
    rig.run(1.0)
    assert rig.guard.fault == "" and tips(rig.q)[0] < 0.27


def steer(rig: Rig, velocity: np.ndarray, seconds: float) -> None:
    """Let teleoperation steer the joints onward, one short chunk per period."""
    end = rig.time + seconds
    wish = rig.q.copy()
    while rig.time < end:
        wish = wish + velocity * 0.05
        chunk = ActionChunk(rig.now_ns, rig.guard.robot.joint_names, 0.05, 1, wish, source="teleop")
        rig.guard.submit(chunk, rig.now_ns)
        for _ in range(round(0.05 / rig.dt)):
            rig.cycle()


@pytest.mark.parametrize("dt", [0.01, 0.001])
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(velocity=st.lists(st.floats(-1.5, 1.5), min_size=7, max_size=7))
def test_wherever_one_steers_no_command_leaves_the_workspace(dt, velocity):
    rig = Rig(config=GuardConfig(**TIGHT, action_timeout=5.0), dt=dt)
    rig.run(0.05)
    steer(rig, np.array(velocity), 0.8)
    rig.run(0.5)
    where = part_positions(rig.commands)
    # A stop is looked at in five postures: between them a curved way may bulge by a little.
    tolerance = 2e-3
    assert (where[:, TIP] >= np.array(TIGHT["workspace_lower"]) - tolerance).all()
    assert (where[:, TIP] <= np.array(TIGHT["workspace_upper"]) + tolerance).all()
    assert (where[..., 2] - RADII >= GuardConfig().table_height - tolerance).all()


def test_homing_that_would_leave_is_refused_or_stopped():
    rig = Rig(config=GuardConfig(workspace_lower=[-0.9, -0.9, 0.0], workspace_upper=[0.9, 0.9, 0.55]))
    rig.run(0.1)
    up = rig.q + np.array([0, 0, 0, 1.2, 0, 0, 0])
    assert "home posture lies outside the workspace: the fingertips" in rig.guard.home(up)
    assert rig.mode == Mode.HOLD


def test_an_arm_that_starts_outside_may_only_come_in():
    rig = Rig(config=GuardConfig(**TIGHT, start_threshold=2.0, action_timeout=2.0))
    outside = kinematics.inverse(kinematics.tool_pose(np.array([0.3, 0.0, 0.35]), 0.0), rig.q).q
    rig.q = outside
    rig.guard.restart(outside)
    rig.run(0.2)
    assert "outside the box in z" in rig.submit(reaching(rig, np.array([0.0, 0.0, -0.03])))
    assert rig.submit(reaching(rig, np.array([0.0, 0.0, 0.1]))) == ""
    rig.run(0.9)
    assert tips(rig.q)[2] > 0.44 and rig.guard.fault == ""
    rig.run_until(Mode.FAULT)  # the stream ended
    assert rig.guard.reset() == ""
    rig.run(0.1)
    assert "outside the box in z" in rig.submit(reaching(rig, np.array([0.0, 0.0, -0.1])))


def test_the_workspace_can_be_given_up_on_purpose_only():
    rig = Rig(config=GuardConfig(workspace=False, start_threshold=2.0, **TIGHT))
    rig.run(0.2)
    assert rig.submit(reaching(rig, np.array([0.0, 0.0, -0.2]))) == ""
    rig.run(0.5)
    assert rig.guard.fault == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"workspace_lower": [0.0, 0.0]},
        {"workspace_lower": [1.0, 0.0, 0.0]},
        {"workspace_upper": [0.9, float("nan"), 1.0]},
        {"table_height": float("inf")},
    ],
)
def test_a_workspace_that_is_none_is_refused(wrong):
    with pytest.raises(UserError):
        GuardConfig(**wrong)


def test_an_arm_of_other_joints_is_refused_in_one_line() -> None:
    with pytest.raises(
        UserError, match="known for 7 joints, the robot has 6: set franka_node.workspace to false"
    ):
        Workspace(WorkspaceConfig()).place(np.zeros(6))
    Workspace(WorkspaceConfig(workspace=False)).place(np.zeros(6))
