"""The Panda's kinematics: against a pose worked out by hand, MuJoCo's own chain, and itself."""

from __future__ import annotations

import numpy as np
import pytest

from franka_node.sim.kinematics import forward, inverse, jacobian, pose_error, rotation_vector, tool_pose
from franka_node.sim.panda import Q_MAX, Q_MIN, READY
from franka_node.sim.world import World


def test_ready_pose_is_the_one_worked_out_by_hand():
    # With joints 1, 3 and 5 at zero the arm lies in a vertical plane: a chain of straight pieces.
    shoulder, upper, elbow, forearm, wrist, tool = 0.333, 0.316, 0.0825, 0.384, 0.088, 0.107 + 0.1034
    lean = READY[1]  # of the upper arm, from the vertical
    reach = READY[1] - READY[3]  # of the forearm: a right angle, it lies level
    assert reach == pytest.approx(np.pi / 2)
    x = upper * np.sin(lean) + elbow * np.cos(lean) + forearm + wrist
    z = shoulder + upper * np.cos(lean) - elbow * np.sin(lean) + elbow - tool
    pose = forward(READY)
    np.testing.assert_allclose(pose[:3, 3], [x, 0.0, z], atol=1e-9)
    np.testing.assert_allclose(pose[:3, 3], [0.30689, 0.0, 0.48689], atol=1e-5)
    np.testing.assert_allclose(pose[:3, :3], np.diag([1.0, -1.0, -1.0]), atol=1e-9)


def test_forward_agrees_with_the_simulated_arm():
    world = World("close_drawer")
    rng = np.random.default_rng(0)
    for _ in range(10):
        qpos = world.qpos
        qpos[:7] = rng.uniform(Q_MIN, Q_MAX)
        world.set_qpos(qpos)
        pose = forward(world.q)
        np.testing.assert_allclose(pose[:3, 3], world.data.site("tcp").xpos, atol=1e-9)
        np.testing.assert_allclose(pose[:3, :3].ravel(), world.data.site("tcp").xmat, atol=1e-9)


def test_jacobian_is_the_derivative_of_forward():
    q, step = READY + 0.1, 1e-6
    columns = [pose_error(forward(q + step * unit), forward(q)) / step for unit in np.eye(7)]
    np.testing.assert_allclose(jacobian(q), np.stack(columns, axis=1), atol=1e-5)


@pytest.mark.parametrize("seed", range(8))
def test_inverse_reaches_poses_over_the_table_inside_the_limits(seed):
    rng = np.random.default_rng(seed)
    position = rng.uniform([0.38, -0.2, 0.08], [0.6, 0.25, 0.4])
    target = tool_pose(position, np.deg2rad(rng.uniform(60, 170)), rng.uniform(-0.3, 0.0))
    solution = inverse(target, READY, iterations=200)
    assert solution.position_error < 1e-3
    assert solution.angle_error < 2e-3
    assert np.all(solution.q >= Q_MIN) and np.all(solution.q <= Q_MAX)
    assert np.linalg.norm(forward(solution.q)[:3, 3] - position) < 1e-3


def test_inverse_owns_up_to_what_it_cannot_reach():
    solution = inverse(tool_pose(np.array([1.5, 0.0, 0.2]), 0.0), READY)
    assert solution.position_error > 0.3


def test_rotation_vector_at_none_and_at_half_a_turn():
    np.testing.assert_allclose(rotation_vector(np.eye(3)), 0.0)
    np.testing.assert_allclose(np.abs(rotation_vector(np.diag([-1.0, -1.0, 1.0]))), [0.0, 0.0, np.pi])


def test_tool_pose_points_the_fingers_down_and_leans_them_ahead():
    upright, leaning = tool_pose(np.zeros(3), 0.7), tool_pose(np.zeros(3), 0.7, 0.3)
    np.testing.assert_allclose(upright[:3, 2], [0, 0, -1], atol=1e-12)
    assert leaning[:3, 2] @ [np.cos(0.7), np.sin(0.7), 0] == pytest.approx(np.sin(0.3))
    np.testing.assert_allclose(leaning[:3, :3] @ leaning[:3, :3].T, np.eye(3), atol=1e-12)
    assert np.linalg.det(leaning[:3, :3]) == pytest.approx(1.0)
