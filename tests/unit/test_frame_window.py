"""An encoder that looks at several frames sees the same ones however they are portioned."""

from __future__ import annotations

import numpy as np
import pytest

from vip_models.window import FrameStream, FrameWindow


def test_each_row_ends_with_its_frame_and_the_first_is_repeated_before_it():
    rows = FrameWindow(3).push(np.arange(5))
    np.testing.assert_array_equal(rows, [[0, 0, 0], [0, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 4]])


@pytest.mark.parametrize("portion", [1, 2, 3, 7, 20])
@pytest.mark.parametrize("length", [2, 4, 16])
def test_portions_make_no_difference(portion, length):
    frames = np.random.default_rng(0).integers(0, 255, (20, 2, 2, 3), np.uint8)
    window = FrameWindow(length)
    parts = [window.push(frames[start : start + portion]) for start in range(0, len(frames), portion)]
    np.testing.assert_array_equal(np.concatenate(parts), FrameWindow(length).push(frames))


def test_no_frames_give_no_rows_and_change_nothing():
    window = FrameWindow(2)
    assert window.push(np.empty((0, 4, 4, 3), np.uint8)).shape == (0, 2, 4, 4, 3)
    window.push(np.array([1]))
    assert window.push(np.empty(0, int)).shape == (0, 2)
    np.testing.assert_array_equal(window.push(np.array([2])), [[1, 2]])


def test_after_a_reset_the_next_frame_begins_a_video():
    window = FrameWindow(2)
    window.push(np.array([1, 2]))
    window.reset()
    np.testing.assert_array_equal(window.push(np.array([3])), [[3, 3]])


class _OneFrame:
    def encode(self, frames, batch_size=8):
        return frames.reshape(len(frames), -1)[:, :1].astype(np.float32)


class _Window(_OneFrame):
    window = 3

    def encode(self, frames, batch_size=8, past=None):
        return (past or FrameWindow(3)).push(frames).sum(axis=1).reshape(len(frames), -1)[:, :1]


@pytest.mark.parametrize("encoder", [_OneFrame(), _Window()])
def test_a_stream_equals_the_whole_video_at_once(encoder):
    frames = np.arange(10)[:, None, None, None] * np.ones((1, 2, 2, 3), int)
    stream = FrameStream(encoder)
    for _ in range(2):
        found = np.concatenate([stream.encode(frame[None], 1) for frame in frames])
        np.testing.assert_array_equal(found, encoder.encode(frames))
        stream.reset()
