"""How the guard moves: it follows what it can, changes no more than it must, and says what it changed."""

import numpy as np
import pytest
from unit.guard_rig import Rig, assert_inside

from franka_node.chunk import ActionChunk
from franka_node.guard_config import GuardConfig
from franka_node.guard_output import Mode
from franka_node.limits import LIMITS
from franka_node.reference import Reference
from franka_node.smooth_clock import SmoothClock
from franka_node.stopping import peak_velocity, stop_samples
from franka_node.trajectory import MotionGenerator

SWAY = np.array([1, -1, 0.5, -0.5, 1, 1, 1])


def smooth(rig: Rig):
    """A sway of 0.2 rad that begins at rest, well inside every limit."""
    home = rig.guard.limits.home.copy()
    return lambda t: home + 0.1 * (1 - np.cos(2 * np.pi * 0.4 * max(t, 0.0))) * SWAY


@pytest.mark.parametrize("dt", [0.01, 0.001])
@pytest.mark.parametrize("robot", ["fer", "fr3", "fr3-unknown-firmware"])
def test_a_smooth_wish_passes_unchanged_and_without_delay(robot, dt):
    rig = Rig(robot, dt)
    rig.run(0.1)
    wish = smooth(rig)
    begin = rig.time
    rig.follow(lambda t: wish(t - begin), 4.0)
    times = begin - 0.1 + dt * np.arange(1, len(rig.commands) + 1)
    wanted = np.array([wish(t - 0.1 - begin + 0.1) for t in times])
    settled = len(times) // 4
    error = (rig.commands - wanted)[settled:]
    assert np.sqrt((error**2).mean()) < 1e-3
    assert_inside(rig.commands, dt, rig.guard.limits)


def test_successive_chunks_join_without_a_jump():
    rig = Rig()
    rng = np.random.default_rng(3)
    rig.run(0.1)
    home = rig.q.copy()
    for _ in range(30):
        # Each chunk disagrees with the one before.
        assert rig.submit(home + rng.uniform(-0.15, 0.15, (8, 7)), age=0.03) == ""
        rig.run(0.07)
    assert_inside(rig.commands, rig.dt, rig.guard.limits)


def test_a_motion_starts_and_ends_at_rest():
    rig = Rig()
    rig.run(0.1)
    assert rig.submit(final=True) == ""
    rig.run_until(Mode.HOLD)
    speed = np.abs(np.diff(rig.commands[:, 0])) / rig.dt
    assert speed[:12].max() < 0.3 and speed[-1] < 1e-3
    assert rig.guard.fault == ""
    still = rig.q.copy()
    rig.run(1.0)
    assert (rig.q == still).all() and rig.mode == Mode.HOLD


def test_a_chunk_that_is_not_continued_ends_at_its_last_point():
    rig = Rig()
    rig.run(0.1)
    target = rig.q + 0.05
    assert rig.submit(np.tile(target, (2, 1))) == ""
    rig.run(0.4)
    assert rig.q == pytest.approx(target, abs=1e-6) and rig.mode == Mode.TRACKING


def test_what_was_changed_is_reported_by_limit_and_joint():
    rig = Rig()
    rig.run(0.1)
    rows = np.tile(rig.q, (8, 1))
    rows[1:, 0] += 5.0
    assert rig.submit(rows) == ""
    rig.run(0.4)
    found = {(i.limit, i.joint): i for i in rig.guard.interventions.summary()}
    assert ("velocity", "panda_joint1") in found and ("position", "panda_joint1") in found
    assert found["position", "panda_joint1"].largest > 1.0
    assert not any(joint == "panda_joint2" for _, joint in found)


def test_a_gentle_chunk_is_not_reported_as_changed():
    rig = Rig()
    rig.run(0.1)
    wish = smooth(rig)
    begin = rig.time
    rig.follow(lambda t: wish(t - begin - 0.2), 3.0)
    assert rig.guard.interventions.summary() == ()


@pytest.mark.parametrize("robot", LIMITS.names())
def test_home_is_reached_gently_from_anywhere(robot):
    rig = Rig(robot)
    limits = rig.guard.limits
    rng = np.random.default_rng(1)
    rig.q = rng.uniform(limits.lower, limits.upper)
    rig.guard.restart(rig.q)
    rig.run(0.1)
    start = len(rig.outputs)
    assert rig.guard.home() == ""
    rig.run_until(Mode.HOLD, 60.0)
    assert rig.q == pytest.approx(limits.home, abs=1e-3)
    commands = rig.commands[start:]
    assert_inside(commands, rig.dt, limits)
    assert (np.abs(np.diff(commands, axis=0)) / rig.dt <= 0.25 * limits.velocity + 1e-6).all()


def test_home_is_refused_outside_the_limits_and_while_moving():
    rig = Rig()
    rig.run(0.1)
    assert "outside the limits" in rig.guard.home(np.full(7, 9.0))
    assert "outside the limits" in rig.guard.home(np.full(7, np.nan))
    assert rig.submit() == ""
    assert "tracking" in rig.guard.home()


def test_a_posture_outside_the_margin_may_only_move_inwards():
    rig = Rig(config=GuardConfig(workspace=False))
    rig.q = rig.guard.robot.upper - 0.001
    rig.guard.restart(rig.q)
    rig.run(0.1)
    begin = rig.q.copy()
    assert rig.submit(np.tile(begin + 0.3, (8, 1))) == ""
    rig.run(0.3)
    assert (rig.q <= begin + 1e-9).all()
    assert rig.submit(np.tile(begin - 0.12, (8, 1))) == ""
    rig.run(0.45)
    assert rig.q == pytest.approx(begin - 0.12, abs=1e-3)


def test_the_command_latency_runs_from_the_image_to_the_first_command():
    rig = Rig()
    rig.run(0.2)
    assert np.isnan(rig.guard.command_latency)
    chunk = rig.chunk(age=0.08)
    assert rig.guard.submit(chunk, rig.now_ns) == ""
    output = rig.cycle()
    assert output.source_stamp_ns == chunk.stamp_ns
    assert rig.guard.command_latency == pytest.approx(0.09, abs=1e-6)


def test_the_reference_goes_through_its_points_and_rests_at_the_last():
    times, points = np.array([0.0, 0.07, 0.2, 0.3]), np.array([[0.0], [0.1], [0.05], [0.2]])
    reference = Reference(times, points, np.array([0.5]))
    for time, point in zip(times, points, strict=True):
        assert reference.at(time)[0] == pytest.approx(point)
    assert reference.at(0.0)[1] == pytest.approx([0.5])
    assert reference.at(9.0)[1] == pytest.approx([0.0])
    step = 1e-6
    for time in (0.03, 0.07, 0.15, 0.2):
        after, before = reference.at(time + step)[0], reference.at(time - step)[0]
        slope = (np.array(after) - before) / (2 * step)
        assert reference.at(time)[1] == pytest.approx(slope, abs=1e-3)


def test_the_clock_of_commands_does_not_jitter_and_follows_a_stall():
    clock, rng = SmoothClock(0.01), np.random.default_rng(0)
    clock.restart(0.0)
    ticks = [clock.tick(0.01 * (k + 1) + rng.uniform(-0.004, 0.004)) for k in range(500)]
    assert np.abs(np.diff(ticks) - 0.01).max() < 1e-3
    assert ticks[-1] == pytest.approx(5.0, abs=0.01)
    assert clock.tick(6.0) == 6.0


def test_the_stop_in_closed_form_is_the_one_that_is_driven():
    limits = LIMITS.get("fr3").stricter(0.0, 1.0, 0.5, 0.1)
    motion, rng = MotionGenerator(limits, 0.001), np.random.default_rng(5)
    motion.place(limits.home)
    for k in range(300):
        motion.advance(limits.home + 0.4 * np.sin(k / 40), np.zeros(7), np.zeros(7))
        if rng.random() < 0.05:
            positions, velocities = stop_samples(motion.q, motion.v, motion.a, limits)
            trajectory = motion._trajectory
            ends = np.array(trajectory.at_time(trajectory.duration)[0])
            assert positions[-1] == pytest.approx(ends, abs=1e-6)
            assert velocities[-1] == pytest.approx(0.0, abs=1e-6)


def test_chunks_hold_for_plain_lists_too():
    rig = Rig()
    rig.run(0.1)
    names = [str(name) for name in rig.guard.robot.joint_names]
    chunk = ActionChunk(rig.now_ns, names, 0.1, 2, [*rig.q.tolist(), *rig.q.tolist()], [])
    assert rig.guard.submit(chunk, rig.now_ns) == ""


def test_who_drives_is_told_only_while_somebody_does():
    rig = Rig()
    rig.run(0.1)
    assert rig.guard.source == ""
    assert rig.submit(source="replay", final=True) == ""
    assert rig.guard.source == "replay"
    rig.run_until(Mode.HOLD)
    assert rig.guard.source == ""


@pytest.mark.parametrize(("v", "a"), [(1.0, 2.0), (1.0, -2.0), (-1.0, 2.0), (-1.0, -2.0)])
def test_the_peak_velocity_is_the_one_with_the_acceleration_taken_back(v: float, a: float) -> None:
    jerk, dt = 4.0, 1e-5
    velocity = v
    for acceleration in np.arange(abs(a), 0.0, -jerk * dt):
        velocity += np.sign(a) * acceleration * dt
    assert peak_velocity(v, a, jerk) == pytest.approx(velocity, abs=1e-4)
