"""What stops the guard, how it stops, and how it goes on."""

import numpy as np
import pytest
from unit.guard_rig import EPOCH_NS, Rig, assert_inside

from franka_node.guard_config import GuardConfig
from franka_node.guard_output import Mode
from franka_node.watchdog import STREAMS, Watchdogs
from vip_ros.errors import UserError


def swaying(source: str = "policy") -> tuple[Rig, object]:
    """A rig in full motion, and the wish it follows."""
    rig = Rig()
    home = rig.q.copy()
    rig.run(0.1)
    begin = rig.time

    def wish(t):
        return home + 0.3 * (1 - np.cos(2 * np.pi * 0.5 * max(t - begin, 0.0))) * np.eye(7)[0]

    for _ in range(5):
        origin = rig.time - 0.05
        assert rig.submit([wish(origin + 0.1 * (k + 1)) for k in range(8)], age=0.05, source=source) == ""
        rig.run(0.1)
    return rig, wish


def keep_sending(rig: Rig, wish, seconds: float) -> None:
    end = rig.time + seconds
    while rig.time < end and not rig.guard.fault:
        origin = rig.time - 0.05
        rig.submit([wish(origin + 0.1 * (k + 1)) for k in range(8)], age=0.05)
        for _ in range(10):
            rig.cycle()


def time_of_fault(rig: Rig) -> float:
    first = next(k for k, output in enumerate(rig.outputs) if output.fault)
    return rig.dt * (first + 1)


@pytest.mark.parametrize(("stream", "timeout"), [("image", 0.5), ("embedding", 0.5), ("joint_state", 0.2)])
def test_a_stream_that_stops_is_a_latched_fault_with_its_name(stream, timeout):
    rig, wish = swaying()
    rig.live.discard(stream)
    last = rig.time
    keep_sending(rig, wish, 1.0)
    assert rig.guard.fault == f"{stream}_stale"
    assert timeout <= time_of_fault(rig) - last <= timeout + 0.02
    assert f"timeout {timeout:g} s" in rig.guard.fault_detail
    rig.live.add(stream)
    rig.run_until(Mode.FAULT)
    assert_inside(rig.commands, rig.dt, rig.guard.limits)


def test_actions_that_stop_are_a_latched_fault():
    rig, _ = swaying()
    last = rig.time - 0.1
    rig.run(1.0)
    assert rig.guard.fault == "action_stale" and rig.mode == Mode.FAULT
    assert 0.5 <= time_of_fault(rig) - last <= 0.52


def test_chunks_that_are_rejected_do_not_keep_the_arm_going():
    rig, _ = swaying()
    for _ in range(4):
        assert "NaN" in rig.submit(np.full((8, 7), np.nan))
        rig.run(0.1)
    rig.run_until(Mode.FAULT, 1.0)
    assert rig.guard.fault == "action_stale"
    assert "the newest chunk was rejected: positions hold NaN" in rig.guard.fault_detail


def test_a_camera_that_stops_takes_the_blame_for_what_stops_behind_it():
    rig, _ = swaying()
    rig.live.difference_update({"image", "embedding"})
    rig.run(1.0)  # with the camera, embeddings and actions stop too
    assert rig.guard.fault == "image_stale"


def test_a_camera_that_repeats_one_image_is_a_camera_that_stopped():
    rig, wish = swaying()
    rig.live.discard("image")
    frozen = rig.now_ns
    end = rig.time + 1.0
    while rig.time < end and not rig.guard.fault:
        rig.guard.note_input("image", frozen, rig.now_ns)
        keep_sending(rig, wish, 0.05)
    assert rig.guard.fault == "image_stale"


@pytest.mark.parametrize("source", ["teleop", "replay"])
def test_a_person_needs_no_camera(source):
    rig, _ = swaying(source)
    rig.live.difference_update({"image", "embedding"})
    rig.run(0.3)
    assert rig.guard.fault == ""
    rig.run(0.5)
    assert rig.guard.fault == "action_stale"


def test_a_stream_that_ends_on_purpose_is_no_fault():
    rig, _ = swaying()
    assert rig.submit(np.tile(rig.q, (8, 1)), final=True) == ""
    rig.live.difference_update({"image", "embedding"})
    rig.run(3.0)
    assert rig.guard.fault == "" and rig.mode == Mode.HOLD


def test_the_stop_begins_at_once_stays_inside_the_limits_and_holds():
    rig, _ = swaying()
    rig.guard.stop()
    begin = len(rig.outputs)
    rig.run_until(Mode.FAULT, 1.0)
    assert_inside(rig.commands, rig.dt, rig.guard.limits)
    speed = np.abs(np.diff(rig.commands[begin - 1 :, 0])) / rig.dt
    assert (np.diff(speed[1:]) <= 1e-9).all(), "the stop sped up"
    held = rig.q.copy()
    rig.run(1.0)
    assert (rig.q == held).all() and rig.guard.fault == "stopped"


@pytest.mark.parametrize("moving", ["HOLD", "HOMING", "TRACKING"])
def test_stop_works_at_any_time(moving):
    rig = Rig()
    rig.run(0.1)
    if moving == "HOMING":
        rig.guard.home(rig.q + 0.5)
    if moving == "TRACKING":
        rig.submit()
    rig.run(0.2)
    assert rig.mode.name == moving
    rig.guard.stop()
    rig.run_until(Mode.FAULT, 1.0)
    assert rig.guard.fault == "stopped"


def test_a_stop_before_the_activation_keeps_the_arm_still_until_the_reset():
    rig = Rig()
    rig.guard.deactivate()
    rig.guard.stop()
    assert rig.mode == Mode.INACTIVE and rig.guard.fault == "stopped"
    assert rig.cycle().q_command is None
    rig.guard.activate(rig.q)
    assert rig.mode == Mode.FAULT and "stopped is latched" in rig.submit()
    assert "homing starts from hold" in rig.guard.home()
    assert rig.guard.reset() == "" and rig.mode == Mode.HOLD


def test_the_first_cause_wins():
    rig, _ = swaying()
    rig.guard.stop()
    rig.live.clear()
    rig.guard.trip("driver_lost", "later")
    rig.run(2.0)
    assert rig.guard.fault == "stopped"


def test_nothing_is_followed_until_the_reset_and_then_it_is():
    rig, _ = swaying()
    rig.guard.stop()
    assert "stopped is latched" in rig.submit()
    assert "still stopping" in rig.guard.reset()
    rig.run_until(Mode.FAULT)
    assert "stopped is latched" in rig.submit()
    assert rig.guard.reset() == "" and rig.mode == Mode.HOLD and rig.guard.fault == ""
    rig.run(0.05)
    assert rig.submit() == "" and rig.mode == Mode.TRACKING


def test_a_fault_outlives_deactivation():
    rig, _ = swaying()
    rig.guard.stop()
    rig.run(1.0)
    rig.guard.deactivate()
    rig.guard.activate(rig.q)
    assert rig.mode == Mode.FAULT and rig.guard.fault == "stopped"
    assert rig.guard.reset() == "" and rig.mode == Mode.HOLD


def test_deactivation_comes_to_rest_first_and_is_no_fault():
    rig, _ = swaying()
    rig.guard.deactivate()
    assert rig.mode == Mode.STOPPING
    rig.run_until(Mode.INACTIVE)
    assert_inside(rig.commands, rig.dt, rig.guard.limits)
    assert rig.guard.fault == "" and rig.cycle().q_command is None


def test_an_error_inside_the_guard_stops_the_arm(monkeypatch):
    rig, _ = swaying()

    def broken(*_):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(rig.guard._follower, "track", broken)
    rig.run_until(Mode.FAULT, 1.0)
    assert rig.guard.fault == "internal" and "ZeroDivisionError: a bug" in rig.guard.fault_detail
    assert_inside(rig.commands, rig.dt, rig.guard.limits)


def test_an_error_after_the_step_does_not_step_twice(monkeypatch):
    rig, _ = swaying()

    def broken(*_):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(rig.guard._follower, "_count", broken)
    rig.run_until(Mode.FAULT, 1.0)
    assert_inside(rig.commands, rig.dt, rig.guard.limits)


def test_a_measured_posture_that_is_no_number_is_a_lost_driver():
    rig, _ = swaying()
    rig.guard.update(rig.now_ns, np.full(7, np.nan), np.zeros(7))
    assert rig.guard.fault == "driver_lost"


def test_an_arm_that_does_not_follow_is_a_fault():
    rig, _ = swaying()
    for k in range(60):
        rig.guard.update(rig.now_ns + k, rig.q - 0.6, np.zeros(7))
    assert rig.guard.fault == "tracking_error"


def test_a_held_arm_that_is_moved_far_away_is_a_fault_and_not_pulled_back():
    rig = Rig()
    rig.run(0.1)
    held = rig.q.copy()
    for away in (0.3, 0.49):  # a person leans on a compliant arm
        rig.q = held + away
        assert rig.cycle().q_command == pytest.approx(held) and rig.mode == Mode.HOLD
    rig.q = held + 0.51
    assert rig.cycle().q_command is None
    assert rig.mode == Mode.FAULT and rig.guard.fault == "tracking_error"
    assert "0.51 rad away" in rig.guard.fault_detail
    assert rig.guard.reset() == "" and rig.cycle().q_command == pytest.approx(held + 0.51)


def test_in_a_fault_nothing_is_commanded_any_more_once_the_arm_is_elsewhere():
    rig, _ = swaying()
    rig.guard.stop()
    rig.run_until(Mode.FAULT)
    held = rig.q.copy()
    rig.q = held + 0.04
    assert rig.cycle().q_command == pytest.approx(held), "small differences are the arm's compliance"
    rig.q = held + 0.06
    assert rig.cycle().q_command is None
    rig.q = held
    assert rig.cycle().q_command is None, "not until the reset"
    rig.q = held + 0.2
    rig.cycle()
    assert rig.guard.reset() == "" and rig.cycle().q_command == pytest.approx(held + 0.2)


def test_a_stop_is_commanded_to_its_end_however_far_the_arm_lags():
    rig, _ = swaying()
    rig.guard.stop()
    lag = rig.q[0] - 0.1
    while rig.mode != Mode.FAULT:
        output = rig.guard.update(rig.now_ns, np.array([lag, *rig.q[1:]]), np.zeros(7))
        assert output.q_command is not None
    assert np.abs(output.dq).max() == 0.0


def test_a_clock_that_steps_back_is_a_fault():
    rig, _ = swaying()
    rig.guard.update(rig.now_ns - 10**9, rig.q, np.zeros(7))
    assert rig.guard.fault == "clock_jump"


def test_after_the_arm_was_moved_by_hand_the_command_starts_where_it_is():
    rig = Rig()
    rig.guard.stop()
    rig.run(0.1)
    rig.q = rig.q + 0.2
    rig.guard.update(rig.now_ns + 1, rig.q, np.zeros(7))
    assert rig.guard.reset() == ""
    assert rig.cycle().q_command == pytest.approx(rig.q)


@pytest.mark.parametrize("posture", [np.full(7, np.nan), np.full(7, 9.0)])
def test_no_activation_at_an_impossible_posture(posture):
    rig = Rig()
    rig.guard.deactivate()
    with pytest.raises(UserError, match="outside the limits"):
        rig.guard.activate(posture)
    assert rig.mode == Mode.INACTIVE


def test_watchdogs_count_only_stamps_that_move_forward_and_are_of_now():
    dogs = Watchdogs.from_config(GuardConfig())
    now = EPOCH_NS
    assert dogs.feed("image", now, now)
    assert not dogs.feed("image", now, now + 10**8), "the same image again"
    assert not dogs.feed("image", now - 1, now + 10**8), "an older one"
    assert not dogs.feed("image", now + 10**9, now + 10**8), "one from the future"
    assert not dogs.feed("image", now + 1, now + 2 * 10**9), "one too old to tell of now"
    assert dogs.age("image", now + 10**8) == pytest.approx(0.1)
    assert dogs.age("embedding", now) == float("inf")


def test_a_stream_that_never_came_is_said_so():
    dogs = Watchdogs.from_config(GuardConfig())
    stale = dogs.check(STREAMS, EPOCH_NS)
    assert stale is not None and stale.fault == "joint_state_stale" and "never came" in stale.detail


@pytest.mark.parametrize(("seconds", "mode"), [(0.45, Mode.TRACKING), (0.55, Mode.FAULT)])
def test_a_loop_that_stood_still_for_too_long_rests_at_once(seconds: float, mode: Mode) -> None:
    rig = Rig()
    rig.run(0.1)
    assert rig.submit() == ""
    rig.run(0.15)
    assert np.abs(rig.guard.commanded[1]).max() > 0.01
    rig.guard.stalled(seconds)
    assert rig.mode == mode and rig.guard.fault == ("loop_stalled" if mode == Mode.FAULT else "")
    assert (np.abs(rig.guard.commanded[1]).max() == 0.0) == (mode == Mode.FAULT)
