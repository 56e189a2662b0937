"""What is wrong with an episode is seen while it is recorded."""

from __future__ import annotations

import numpy as np
import pytest
from support.samples import IMAGE, JOINTS, joints, noise, picture, sample
from vip_interfaces.msg import GuardIntervention, GuardState, Reward, SimState

from vip_teleop.checks import CHECKS, CheckBoard, CheckLimits

START = 1_700_000_000_000_000_000
STEP = 50_000_000


def _board(*names: str, **limits: object) -> CheckBoard:
    return CheckBoard(CheckLimits(**limits), START, names)  # type: ignore[arg-type]


def _at(row: int) -> int:
    return START + row * STEP


def test_sound_episode_has_no_warnings() -> None:
    board = CheckBoard(CheckLimits(required={IMAGE: 10.0, JOINTS: 10.0}), START)
    for row in range(60):
        board.note(picture(_at(row), noise(row)))
        board.note(joints(_at(row), 0.01 * row))
        board.note(sample("/vip/reward", Reward(goal="g"), _at(row)))
        board.note(sample("/franka/guard_state", GuardState(chunks_rejected=4), _at(row)))
    assert board.warnings(_at(60)) == []


def test_frozen_camera_is_seen_after_half_a_second() -> None:
    board = _board("frozen_camera")
    for row in range(10):
        board.note(picture(_at(row), noise(0)))
    assert board.warnings(_at(10)) == []
    for row in range(10, 20):
        board.note(picture(_at(row), noise(0)))
    assert board.warnings(_at(20)) == ["/camera/image_raw is frozen: the same picture for 1.0 s"]


def test_one_changed_pixel_is_no_frozen_camera() -> None:
    board = _board("frozen_camera")
    for row in range(30):
        pixels = noise(0)
        pixels[3, 4, 1] = row
        board.note(picture(_at(row), pixels))
    assert board.warnings(_at(30)) == []


@pytest.mark.parametrize(("speed", "warned"), [(0.0, False), (0.01, True)])
def test_simulated_camera_may_stand_still_only_with_the_arm(speed: float, warned: bool) -> None:
    board = _board("frozen_camera")
    for row in range(40):
        board.note(sample("/sim/state", SimState(), _at(row)))
        board.note(joints(_at(row), speed * row))
        board.note(picture(_at(row), noise(0)))
    assert bool(board.warnings(_at(40))) == warned


@pytest.mark.parametrize(("level", "text"), [(3, "black"), (254, "saturated")])
def test_black_and_saturated_pictures_are_counted(level: int, text: str) -> None:
    board = _board("exposure")
    board.note(picture(_at(0), noise(0)))
    for row in range(3):
        board.note(picture(_at(row), np.full((24, 32, 3), level, np.uint8)))
    assert board.warnings(_at(3)) == [f"3 {text} pictures on /camera/image_raw"]


def test_mono_picture_is_judged_too() -> None:
    board = _board("exposure")
    board.note(picture(_at(0), np.zeros((24, 32), np.uint8), "mono8"))
    assert "black" in board.warnings(_at(1))[0]


def test_gap_and_low_rate_of_required_topics_are_named() -> None:
    board = _board("silence", required={IMAGE: 15.0, JOINTS: 5.0})
    for row in range(0, 80, 2):
        board.note(picture(_at(row), noise(row)))
    for row in (*range(40), *range(60, 80)):
        board.note(joints(_at(row)))
    assert board.warnings(_at(80)) == [
        "/camera/image_raw comes at 10.0 Hz, 15 are needed",
        "/joint_states was silent for 1.1 s",
    ]


def test_topic_that_stops_is_seen_while_it_is_silent() -> None:
    board = _board("silence", required={JOINTS: 0.0})
    board.note(joints(_at(0)))
    assert board.warnings(_at(9)) == []
    assert board.warnings(_at(11)) == ["/joint_states was silent for 0.6 s"]
    board.note(joints(_at(12)))
    assert "silent" in board.warnings(_at(13))[0]


def test_old_joint_states_are_counted_with_the_worst_age() -> None:
    board = _board("joint_state_age")
    for row, age in enumerate((0.0, 0.05, 0.15, 0.4)):
        board.note(joints(_at(row), age=age))
    assert board.warnings(_at(4)) == ["2 messages of /joint_states were up to 400 ms old"]


def test_missing_goal_is_named_after_two_seconds() -> None:
    board = _board("missing_goal")
    assert board.warnings(START + 1_900_000_000) == []
    assert "no goal" in board.warnings(START + 2_100_000_000)[0]


def test_guard_interventions_since_the_start_and_faults_are_told() -> None:
    board = _board("guard")

    def state(count: int, rejected: int, fault: str = "") -> GuardState:
        change = GuardIntervention(limit="velocity", joint="panda_joint2", count=count)
        return GuardState(interventions=[change], chunks_rejected=rejected, fault=fault, fault_detail="why")

    board.note(sample("/franka/guard_state", state(5, 1), _at(0)))
    assert board.warnings(_at(1)) == []
    board.note(sample("/franka/guard_state", state(8, 2, "image_stale"), _at(1)))
    board.note(sample("/franka/guard_state", state(8, 2), _at(2)))
    assert set(board.warnings(_at(3))) == {
        "the guard limited 3 samples, most often the velocity of panda_joint2",
        "the guard rejected 1 chunks",
        "guard fault image_stale: why",
    }


def test_all_checks_are_registered() -> None:
    assert CHECKS.names() == [
        "exposure",
        "frozen_camera",
        "guard",
        "joint_state_age",
        "missing_goal",
        "silence",
    ]
