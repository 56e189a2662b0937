"""Calibration files of camera_calibration, and the guess without one."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import yaml

from vip_reward_node.calibration import check_size, load_calibration, pinhole_guess
from vip_ros.errors import UserError

CONTENT = {
    "image_width": 640,
    "image_height": 480,
    "camera_name": "wrist",
    "camera_matrix": {"rows": 3, "cols": 3, "data": [600, 0, 320.5, 0, 601, 240.5, 0, 0, 1]},
    "distortion_model": "plumb_bob",
    "distortion_coefficients": {"rows": 1, "cols": 5, "data": [0.1, -0.2, 0.001, 0.002, 0]},
    "rectification_matrix": {"rows": 3, "cols": 3, "data": [1, 0, 0, 0, 1, 0, 0, 0, 1]},
    "projection_matrix": {"rows": 3, "cols": 4, "data": [590, 0, 321, 0, 0, 591, 241, 0, 0, 0, 1, 0]},
}


def written(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "camera.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def test_a_calibration_file_becomes_camera_info(tmp_path: Path) -> None:
    info = load_calibration(written(tmp_path, CONTENT))
    assert (info.width, info.height, info.distortion_model) == (640, 480, "plumb_bob")
    assert list(info.k) == CONTENT["camera_matrix"]["data"]
    assert list(info.d) == CONTENT["distortion_coefficients"]["data"]
    assert list(info.p) == CONTENT["projection_matrix"]["data"]
    check_size(info, (640, 480), "camera.yaml")


@pytest.mark.parametrize("key", ["image_width", "camera_matrix", "distortion_coefficients"])
def test_a_missing_entry_is_named(tmp_path: Path, key: str) -> None:
    content = {name: value for name, value in CONTENT.items() if name != key}
    with pytest.raises(UserError, match=f"no '{key}'"):
        load_calibration(written(tmp_path, content))


@pytest.mark.parametrize(
    "matrix", [[1, 2], {"data": [1.0] * 8}, {"data": ["a"] * 9}, {"data": "123456789"}, {"data": None}]
)
def test_a_matrix_that_is_none_is_named(tmp_path: Path, matrix: object) -> None:
    with pytest.raises(UserError, match="'camera_matrix' of the camera calibration"):
        load_calibration(written(tmp_path, {**CONTENT, "camera_matrix": matrix}))


@pytest.mark.parametrize("content", [None, [1, 2], "text"])
def test_another_yaml_file_is_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(UserError, match="not a camera calibration"):
        load_calibration(written(tmp_path, content))


@pytest.mark.parametrize("width", ["wide", [640], -1, 0])
def test_an_image_size_that_is_none_is_refused(tmp_path: Path, width: object) -> None:
    with pytest.raises(UserError, match="'image_width' of the camera calibration"):
        load_calibration(written(tmp_path, {**CONTENT, "image_width": width}))


def test_a_calibration_of_another_size_is_refused() -> None:
    with pytest.raises(UserError, match="for 640x480 images, the camera gives 320x240"):
        check_size(pinhole_guess(640, 480), (320, 240), "camera.yaml")


def test_the_guess_looks_through_the_middle_at_53_degrees() -> None:
    info = pinhole_guess(640, 480)
    assert (info.k[2], info.k[5]) == (319.5, 239.5)
    assert math.degrees(2 * math.atan(320 / info.k[0])) == pytest.approx(53.13, abs=0.01)
    assert list(info.p)[:3] == list(info.k)[:3]
    assert list(info.d) == [0.0] * 5
    assert pinhole_guess(640, 480, focal=700.0).k[0] == 700.0
