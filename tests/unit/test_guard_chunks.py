"""Which chunks the guard follows, and what it says about the others."""

import numpy as np
import pytest
from unit.guard_rig import CAMERA, Rig

from franka_node.guard_config import GuardConfig
from franka_node.guard_output import Mode
from vip_ros.errors import UserError


@pytest.fixture
def rig():
    rig = Rig()
    rig.run(0.1)
    return rig


def test_a_good_chunk_is_followed(rig):
    target = rig.q + np.eye(7)[0] * 0.1
    assert rig.submit() == "" and rig.mode == Mode.TRACKING
    rig.run(0.45)
    assert rig.q == pytest.approx(target, abs=1e-6)
    assert rig.guard.admission.accepted == 1 and rig.guard.admission.rejected == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"positions": np.full(56, np.nan)}, "NaN"),
        ({"positions": np.full(56, np.inf)}, "NaN or infinity"),
        ({"positions": np.zeros(55)}, "55 positions do not fill horizon 8 x 7"),
        ({"positions": np.zeros(0)}, "0 positions"),
        ({"positions": ["a"] * 56}, "malformed"),
        ({"horizon": 0, "positions": np.zeros(0)}, "horizon is 0"),
        ({"horizon": 10**9}, "horizon"),
        ({"step_duration": 0.0}, "step_duration"),
        ({"step_duration": 1e-300}, "step_duration"),
        ({"step_duration": float("nan")}, "step_duration"),
        ({"joint_names": ["a"] * 7}, "joint names"),
        ({"joint_names": []}, "joint names"),
        ({"joint_names": [f"panda_joint{i}" for i in (1, 1, 2, 3, 4, 5, 6)]}, "joint names"),
        ({"gripper": [0.04] * 3}, "3 gripper widths"),
        ({"gripper": [float("nan")] * 8}, "gripper widths hold NaN"),
    ],
)
def test_a_malformed_chunk_is_rejected_with_the_reason(rig, changes, reason):
    assert reason in rig.submit(**changes)
    assert (
        rig.mode == Mode.HOLD
        and rig.guard.admission.rejected == 1
        and reason in rig.guard.admission.last_rejection
    )


def test_joints_in_another_order_are_put_in_the_robots_order(rig):
    target = rig.q + np.linspace(-0.1, 0.1, 7)
    order = [3, 0, 6, 1, 5, 2, 4]
    names = [rig.guard.robot.joint_names[i] for i in order]
    assert rig.submit(np.tile(target[order], (8, 1)), joint_names=names) == ""
    rig.run(0.5)
    assert rig.q == pytest.approx(target, abs=1e-6)


@pytest.mark.parametrize(("age", "reason"), [(-0.2, "in the future"), (0.6, "old"), (0.3, ""), (-0.03, "")])
def test_stamps_must_be_of_now(rig, age, reason):
    rig.run(1.0)
    said = rig.submit(age=age)
    assert (reason in said) if reason else said == ""


def test_stamps_must_move_forward(rig):
    chunk = rig.chunk()
    assert rig.guard.submit(chunk, rig.now_ns) == ""
    assert "not newer" in rig.guard.submit(chunk, rig.now_ns)
    rig.run(0.05)
    assert "not newer" in rig.submit(age=0.2)


def test_a_chunk_from_before_the_start_is_history(rig):
    old = rig.chunk()
    rig.run(0.1)
    rig.guard.restart(rig.q)
    rig.cycle()
    assert "last start or reset" in rig.guard.submit(old, rig.now_ns)


def test_a_chunk_whose_points_are_all_past_is_rejected(rig):
    rig.run(0.5)
    assert "past" in rig.submit(rig.q[np.newaxis], age=0.3)


def test_a_first_action_far_from_the_posture_is_refused(rig):
    far = np.tile(rig.q + np.eye(7)[4] * 0.36, (8, 1))
    said = rig.submit(far)
    assert "0.360 rad from the posture at panda_joint5" in said and rig.mode == Mode.HOLD


@pytest.mark.parametrize("stream", CAMERA)
def test_a_policy_needs_a_live_camera_to_start(rig, stream):
    rig.live.discard(stream)
    rig.run(0.6)
    assert f"no fresh {stream}" in rig.submit()
    assert rig.submit(source="teleop") == ""


def test_a_program_that_is_in_control_stays_in_control_before_other_programs(rig):
    assert rig.submit() == ""
    rig.run(0.05)
    assert "'policy' is in control, 'replay' is not" in rig.submit(source="replay")


def test_nothing_is_followed_while_inactive_or_homing(rig):
    rig.guard.deactivate()
    assert "inactive" in rig.submit()
    rig.guard.activate(rig.q)
    rig.run(0.05)
    assert rig.guard.home(rig.q + 0.1) == ""
    assert "homing" in rig.submit()


def test_gripper_widths_are_clipped_and_the_clip_is_reported(rig):
    assert rig.submit(gripper=[0.05, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2]) == ""
    rig.run(0.05)
    assert rig.outputs[-1].gripper == 0.05
    rig.run(0.1)
    assert rig.outputs[-1].gripper == 0.08
    (clip,) = (i for i in rig.guard.interventions.summary() if i.joint == "gripper")
    assert clip.limit == "position" and clip.largest == pytest.approx(0.12)


@pytest.mark.parametrize(
    "wrong",
    [
        {"velocity_scale": 1.5},
        {"jerk_scale": 0.0},
        {"position_margin": -0.1},
        {"position_margin": 2.0},
        {"action_timeout": float("nan")},
        {"image_timeout": float("inf")},
        {"start_threshold": 0.0},
    ],
)
def test_a_configuration_that_would_loosen_the_guard_is_refused(wrong):
    with pytest.raises(UserError, match=next(iter(wrong))):
        GuardConfig(**wrong)


@pytest.mark.parametrize("offset", [0.4, -0.4])
def test_a_first_action_on_either_side_of_the_posture_is_refused(offset: float) -> None:
    rig = Rig()
    rig.run(0.1)
    rows = np.tile(rig.q + np.eye(7)[5] * offset, (8, 1))
    assert "first action is 0.400 rad from the posture" in rig.submit(rows)
