"""The world and camera in lockstep: what a demonstration holds, and films for encoder training."""

from __future__ import annotations

import numpy as np
import pytest

from franka_node.sim.dataset import render_videos
from franka_node.sim.gl import choose_backend
from franka_node.sim.lockstep import LockstepEnv, collect
from vip_ros.errors import UserError

SMALL = {"width": 64, "height": 48}


@pytest.fixture(autouse=True)
def _can_draw():
    try:
        choose_backend()
    except UserError as error:
        pytest.skip(str(error))


def test_a_demonstration_is_whole_and_the_same_each_time():
    env = LockstepEnv("close_drawer", **SMALL)
    first, again = collect("CloseDrawer", 6, env=env), collect("close_drawer", 6, **SMALL)
    env.close()
    length = len(first.stamps)
    assert first.frames.shape == (length, 48, 64, 3) and first.frames.dtype == np.uint8
    assert first.q.shape == first.dq.shape == first.q_command.shape == (length, 7)
    assert first.gripper.shape == (length,)
    assert first.success and first.task == "close_drawer" and first.seed == 6
    np.testing.assert_allclose(np.diff(first.stamps), 1.0 / first.rate, atol=1e-9)
    np.testing.assert_array_equal(first.frames, again.frames)
    np.testing.assert_array_equal(first.q_command, again.q_command)


def test_a_row_holds_the_state_before_its_command():
    trajectory = collect("close_drawer", 2, **SMALL)
    lag_of_next = np.abs(trajectory.q[1:] - trajectory.q_command[:-1]).max()
    assert lag_of_next < 0.05
    moving = np.abs(np.diff(trajectory.q, axis=0)).max()
    assert moving > 0.01


def test_replaying_the_commands_through_the_environment_repeats_the_outcome():
    trajectory = collect("close_drawer", 1, **SMALL)
    env = LockstepEnv("close_drawer", 1, **SMALL)
    for i, (q_target, gripper) in enumerate(zip(trajectory.q_command, trajectory.gripper, strict=True)):
        frame, q, stamp = env.observe()
        np.testing.assert_array_equal(frame, trajectory.frames[i])
        np.testing.assert_array_equal(q, trajectory.q[i])
        assert stamp == trajectory.stamps[i]
        env.advance(q_target, float(gripper), 1.0 / trajectory.rate)
    assert env.success is trajectory.success
    env.close()


def test_films_repeat_by_seed_and_vary_in_look():
    films = list(render_videos(4, seed=1, broad_share=1.0, **SMALL))
    again = list(render_videos(4, seed=1, broad_share=1.0, **SMALL))
    assert all(film.ndim == 4 and film.shape[1:] == (48, 64, 3) and len(film) > 10 for film in films)
    for film, same in zip(films, again, strict=True):
        np.testing.assert_array_equal(film, same)
    corners = np.array([film[0, -8:, :8].mean(axis=(0, 1)) for film in films])
    assert np.ptp(corners, axis=0).max() > 40


def test_films_keep_the_share_of_frames_asked_for():
    dense = next(render_videos(1, seed=2, every=2, **SMALL))
    sparse = next(render_videos(1, seed=2, every=4, **SMALL))
    assert abs(len(dense) - 2 * len(sparse)) <= 2
    np.testing.assert_array_equal(dense[::2][: len(sparse)], sparse[: len(dense[::2])])


def test_films_can_be_rendered_in_any_split():
    whole = list(render_videos(3, seed=4, tasks=["push_bottle", "close_drawer"], every=8, **SMALL))
    last = list(render_videos(1, seed=4, tasks=["push_bottle", "close_drawer"], every=8, first=2, **SMALL))
    np.testing.assert_array_equal(whole[2], last[0])
    assert whole[0].shape != whole[1].shape or (whole[0] != whole[1]).any()


def test_films_show_what_other_cameras_see():
    right, left = (
        next(render_videos(1, seed=4, every=8, cameras=(camera,), **SMALL)) for camera in ("right", "left")
    )
    assert right.shape == left.shape and np.abs(right[0].astype(int) - left[0]).mean() > 5


def test_a_demonstration_keeps_what_the_fingers_did_beside_what_they_were_told():
    trajectory = collect("place_melon", 1, **SMALL)
    assert trajectory.width.shape == trajectory.gripper.shape
    held = trajectory.gripper == trajectory.gripper.min()
    assert 0.045 < np.median(trajectory.width[held]) < 0.06  # m: the melon is between them
