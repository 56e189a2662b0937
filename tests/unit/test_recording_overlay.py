"""The overlay shows how an episode should begin."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from support.episodes import toy_demonstration, toy_episode

from vip_ros.errors import UserError
from vip_teleop.overlay import blend, reference_picture, write_png


def test_reference_is_an_image_an_episode_or_the_folders_first(tmp_path: Path) -> None:
    first = toy_demonstration(seed=0).frames[0]
    episode = toy_episode(tmp_path / "e", seed=0)
    toy_episode(tmp_path / "e", seed=1)
    write_png(tmp_path / "image.png", first)
    for reference, folder in (
        (str(episode), None),
        ("", tmp_path / "e"),
        (str(tmp_path / "image.png"), None),
    ):
        shown = reference_picture(reference, folder)
        assert shown is not None and np.array_equal(shown, first)
    assert reference_picture("", tmp_path / "empty") is None
    with pytest.raises(UserError, match="no such reference"):
        reference_picture("nowhere.png", None)


def test_equal_scenes_have_no_colour_and_unequal_ones_do() -> None:
    grey = np.full((20, 30, 3), 120, np.uint8)
    moved = grey.copy()
    moved[5:10, 5:10] = 240
    same, other = blend(grey, grey), blend(moved, grey)
    assert np.ptp(same.astype(int), axis=2).max() <= 1
    assert other[7, 7, 0] > other[7, 7, 2] + 30
    assert np.array_equal(other[15], same[15])


def test_reference_of_another_size_is_fitted(tmp_path: Path) -> None:
    shown = blend(np.zeros((20, 30, 3), np.uint8), np.full((40, 60, 3), 200, np.uint8))
    assert shown.shape == (20, 30, 3)
    write_png(tmp_path / "overlay.png", shown)
    assert cv2.imread(str(tmp_path / "overlay.png")).shape == (20, 30, 3)
    with pytest.raises(UserError, match="cannot write the overlay"):
        write_png(tmp_path / "nowhere" / "overlay.png", shown)
