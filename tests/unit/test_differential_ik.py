"""Twists of the fingertips become joint motion: in the right frame, inside limits, calm when singular."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from franka_node.limits import FER, FR3, RobotLimits
from franka_node.sim.kinematics import forward, jacobian, rotation_vector
from vip_teleop.differential_ik import SINGULAR_BELOW, DifferentialIK
from vip_teleop.intent import FRAMES

DT = 1 / 30
SHARE = 0.5
START = np.array([0.45, -0.28, 0.02, -2.40, -0.13, 2.12, -0.73])
LIMITS = FER.stricter(0.012)

direction = st.lists(st.floats(-1, 1), min_size=6, max_size=6).map(np.array)
posture = st.lists(st.floats(0.02, 0.98), min_size=7, max_size=7).map(np.array)


def ik(q: np.ndarray = START, limits: RobotLimits = LIMITS) -> DifferentialIK:
    solver = DifferentialIK(limits, SHARE)
    solver.begin(q)
    return solver


def drive(solver: DifferentialIK, twist: np.ndarray, frame: str, steps: int) -> np.ndarray:
    return np.array([solver.step(twist, frame, DT).copy() for _ in range(steps)])


@given(twist=direction, frame=st.sampled_from(FRAMES))
@settings(max_examples=40, deadline=None)
def test_the_hand_moves_along_the_axes_of_the_chosen_frame(twist, frame):
    slow = twist * np.array([0.05] * 3 + [0.2] * 3)
    solver = ik()
    drive(solver, slow, frame, 15)  # up to speed
    before = forward(solver.q)
    drive(solver, slow, frame, 6)
    after = forward(solver.q)
    axes = before[:3, :3] if frame == "tool" else np.eye(3)
    turn = rotation_vector(after[:3, :3] @ before[:3, :3].T)
    assert turn == pytest.approx(axes @ slow[3:] * 6 * DT, abs=2e-3)
    # The axes of a tool that turns while it moves describe an arc, not a line.
    bend = 0.5 * np.linalg.norm(slow[:3]) * np.linalg.norm(slow[3:]) * (6 * DT) ** 2
    assert after[:3, 3] - before[:3, 3] == pytest.approx(axes @ slow[:3] * 6 * DT, abs=5e-4 + bend)


@given(
    shares=posture,
    twist=direction,
    frame=st.sampled_from(FRAMES),
    robot=st.sampled_from([FER, FR3]),
)
@settings(max_examples=60, deadline=None)
def test_no_posture_and_no_twist_lead_out_of_the_limits(shares, twist, frame, robot):
    limits = robot.stricter(0.012)
    solver = ik(limits.lower + shares * (limits.upper - limits.lower), limits)
    path = np.vstack([solver.q, drive(solver, twist * np.array([0.5] * 3 + [2.5] * 3), frame, 25)])
    assert (path >= limits.lower - 1e-9).all() and (path <= limits.upper + 1e-9).all()
    low, high = limits.velocity_bounds(path[:-1])
    velocity = np.diff(path, axis=0) / DT
    assert (velocity <= SHARE * high + 1e-9).all() and (velocity >= SHARE * low - 1e-9).all()


def test_driving_into_a_stretched_arm_slows_the_joints_down_instead_of_racing():
    solver = ik()
    outwards = np.array([0.2, 0.0, 0.05, 0, 0, 0])
    speeds, nearness, wanted = [], [], []
    for _ in range(300):
        solver.step(outwards, "base", DT)
        speeds.append(np.abs(solver.velocity).max())
        nearness.append(solver.smallest_singular_value())
        wanted.append(np.abs(np.linalg.pinv(jacobian(solver.q)) @ outwards).max())
    singular = np.array(nearness) < SINGULAR_BELOW / 8
    assert singular.sum() > 100 and solver.slowed > 0.9
    # Following the twist exactly would take more than any joint can do.
    assert np.array(wanted)[singular].max() > FER.velocity.max()
    assert max(speeds) <= SHARE * FER.velocity[0] + 1e-9
    second_later = int(np.argmax(singular)) + round(1 / DT)
    assert max(speeds[second_later:]) < 0.1


def test_a_stretched_arm_comes_back():
    solver = ik()
    drive(solver, np.array([0.2, 0.0, 0.05, 0, 0, 0]), "base", 300)
    far = forward(solver.q)[0, 3]
    drive(solver, np.array([-0.2, 0.0, 0.0, 0, 0, 0]), "base", 60)
    assert forward(solver.q)[0, 3] < far - 0.2


def test_a_limit_holds_one_joint_while_the_others_go_on():
    q = START.copy()
    q[6] = LIMITS.upper[6] - 0.02
    solver = ik(q)
    drive(solver, np.array([0, 0, 0.0, 0, 0, -0.5]), "base", 40)
    assert solver.q[6] <= LIMITS.upper[6]
    before = forward(solver.q)
    drive(solver, np.array([0, 0, -0.05, 0, 0, 0]), "base", 20)
    assert forward(solver.q)[2, 3] < before[2, 3] - 0.02


def test_rest_is_rest():
    solver = ik()
    drive(solver, np.array([0.1, 0, 0, 0, 0, 0]), "base", 10)
    stopping = drive(solver, np.zeros(6), "base", 15)
    assert not solver.velocity.any() and np.array_equal(stopping[-1], stopping[-3])


@given(twists=st.lists(direction, min_size=3, max_size=8))
@settings(max_examples=30, deadline=None)
def test_no_joint_changes_its_velocity_faster_than_the_guard_lets_it(twists):
    solver = ik()
    path = np.vstack([drive(solver, t * np.array([0.3] * 3 + [1.5] * 3), "base", 8) for t in twists])
    inside = ((path > LIMITS.lower + 0.3) & (path < LIMITS.upper - 0.3)).all(axis=1)
    acceleration = np.abs(np.diff(path, 2, axis=0)) / DT**2
    assert (acceleration <= 0.5 * FER.acceleration + 1e-6)[inside[2:]].all()


def test_the_bare_model_has_the_arms_geometry():
    rng = np.random.default_rng(3)
    solver = ik()
    for _ in range(20):
        solver.begin(rng.uniform(LIMITS.lower, LIMITS.upper))
        assert solver.pose == pytest.approx(forward(solver.q), abs=1e-9)
