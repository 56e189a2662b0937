"""A person takes the arm from whoever drives it, keeps it, and hands it back on purpose."""

from __future__ import annotations

import numpy as np
import pytest
from guard_rig import Rig, assert_inside

from franka_node.arbiter import Arbiter
from franka_node.guard_output import Mode

LET_GO = "a person still drives"
KEPT = "a person drives"


@pytest.fixture
def rig() -> Rig:
    rig = Rig()
    rig.run(0.05)
    return rig


def sway(rig: Rig, joint: int = 0, rate: float = 0.6):
    home = rig.q.copy()
    start = rig.time
    return lambda t: home + np.eye(7)[joint] * 0.3 * (1 - np.cos(rate * np.pi * (t - start))) / 2


def hand(rig: Rig, joint: int = 1, final: bool = False) -> str:
    """One chunk of a person who moves another joint slowly from where the command is."""
    speed = 0.0 if final else 0.2
    rows = [rig.q + np.eye(7)[joint] * speed * 0.05 * (k + 1) for k in range(6)]
    return rig.submit(rows, source="teleop", step_duration=0.05, final=final)


def drive(rig: Rig, seconds: float) -> None:
    for _ in range(round(seconds / 0.03)):
        assert hand(rig) == ""
        rig.run(0.03)


def policy_again(rig: Rig) -> str:
    return rig.submit(np.tile(rig.q, (8, 1)))


def test_a_person_takes_a_moving_arm_without_a_jump_and_inside_the_limits(rig):
    rig.follow(sway(rig), 1.0)
    assert rig.guard.source == "policy" and rig.mode == Mode.TRACKING
    drive(rig, 0.6)
    assert rig.guard.source == "teleop"
    assert "a person drives" in policy_again(rig)
    assert hand(rig, final=True) == ""
    rig.run_until(Mode.HOLD)
    assert_inside(rig.commands, rig.dt, rig.guard.limits)
    assert rig.guard.fault == ""


def test_the_arm_stays_the_persons_until_it_is_handed_back(rig):
    rig.follow(sway(rig), 0.5)
    drive(rig, 0.2)
    assert LET_GO in rig.guard.hand_back()
    hand(rig, final=True)
    rig.run_until(Mode.HOLD)
    assert KEPT in policy_again(rig) and rig.guard.source == "teleop" and rig.mode == Mode.HOLD
    held = rig.q.copy()
    rig.run(0.5)
    assert np.array_equal(rig.q, held)
    assert rig.guard.hand_back() == "" and rig.guard.source == ""
    rig.follow(sway(rig), 0.5)
    assert rig.guard.source == "policy"
    assert_inside(rig.commands, rig.dt, rig.guard.limits)


def test_a_reset_does_not_hand_the_arm_back(rig):
    rig.follow(sway(rig), 0.5)
    drive(rig, 0.1)
    rig.guard.stop()
    rig.run_until(Mode.FAULT)
    assert rig.guard.reset() == ""
    rig.run(0.05)
    assert KEPT in policy_again(rig)
    assert rig.guard.hand_back() == "" and policy_again(rig) == ""


def test_a_program_that_wanted_to_drive_meanwhile_waits_too(rig):
    drive(rig, 0.1)
    assert KEPT in policy_again(rig)
    hand(rig, final=True)
    rig.run_until(Mode.HOLD)
    assert KEPT in policy_again(rig)


def test_an_arm_that_nobody_else_wanted_is_free_after_the_person_lets_go(rig):
    drive(rig, 0.1)
    hand(rig, final=True)
    rig.run_until(Mode.HOLD)
    assert rig.guard.source == "" and policy_again(rig) == ""


def test_a_persons_chunk_far_from_the_posture_does_not_take_over(rig):
    rig.follow(sway(rig), 0.3)
    far = np.tile(rig.q + np.eye(7)[2] * 0.5, (6, 1))
    assert "rad from the posture" in rig.submit(far, source="teleop", step_duration=0.05)
    assert rig.guard.source == "policy"


def test_a_person_needs_no_camera_to_take_over(rig):
    rig.follow(sway(rig), 0.3)
    rig.live -= {"image", "embedding"}
    drive(rig, 1.0)
    assert rig.guard.fault == ""


def test_a_person_who_falls_silent_leaves_a_latched_fault(rig):
    rig.follow(sway(rig), 0.3)
    drive(rig, 0.1)
    rig.run_until(Mode.FAULT)
    assert rig.guard.fault == "action_stale"


def test_between_programs_the_first_one_keeps_the_arm():
    arbiter = Arbiter()
    assert arbiter.refusal("replay", "") == ""
    assert "'policy' is in control" in arbiter.refusal("replay", "policy")
    assert not arbiter.takes_over("replay", "policy") and arbiter.takes_over("teleop", "replay")
