"""Camera calibration files (the YAML of ROS's camera_calibration) and the guess without one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sensor_msgs.msg import CameraInfo

from vip_ros.config import load_yaml
from vip_ros.errors import UserError

# File key → message field, rows, columns.
_MATRICES = {
    "camera_matrix": ("k", 3, 3),
    "rectification_matrix": ("r", 3, 3),
    "projection_matrix": ("p", 3, 4),
}


def load_calibration(path: Path) -> CameraInfo:
    """Read a calibration file (image_width, image_height, camera_matrix, distortion_…, …).

    Raises:
        UserError: missing, not YAML, or an entry missing or of the wrong size.
    """
    content = load_yaml(path)
    if not isinstance(content, Mapping):
        raise UserError("not a camera calibration", "write it with camera_calibration", str(path))
    info = CameraInfo(
        width=_size(content, "image_width", path),
        height=_size(content, "image_height", path),
        distortion_model=str(content.get("distortion_model", "plumb_bob")),
    )
    for key, (field, rows, columns) in _MATRICES.items():
        setattr(info, field, _numbers(_entry(content, key, path), key, path, rows * columns))
    info.d = _numbers(_entry(content, "distortion_coefficients", path), "distortion_coefficients", path)
    return info


def pinhole_guess(width: int, height: int, focal: float | None = None) -> CameraInfo:
    """Return an undistorted pinhole camera whose axis meets the middle of the image.

    Args:
        width: pixels.
        height: pixels.
        focal: focal length in pixels; None: the image width, 53° across, which suits most webcams.
    """
    f = float(width if focal is None else focal)
    cx, cy = (width - 1) / 2.0, (height - 1) / 2.0
    info = CameraInfo(width=width, height=height, distortion_model="plumb_bob")
    info.d = [0.0] * 5
    info.k = [f, 0.0, cx, 0.0, f, cy, 0.0, 0.0, 1.0]
    info.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    info.p = [f, 0.0, cx, 0.0, 0.0, f, cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    return info


def check_size(info: CameraInfo, size: tuple[int, int], where: str) -> None:
    """Raise UserError when a calibration was made for images of another (width, height)."""
    if (info.width, info.height) != size:
        raise UserError(
            f"the calibration is for {info.width}x{info.height} images, the camera gives {size[0]}x{size[1]}",
            "calibrate at this size, or set width and height to the calibration's",
            where,
        )


def _entry(content: Mapping[str, Any], key: str, path: Path) -> Any:
    if key not in content:
        raise UserError(
            f"the camera calibration has no '{key}'", "write it with camera_calibration", str(path)
        )
    return content[key]


def _size(content: Mapping[str, Any], key: str, path: Path) -> int:
    value = _entry(content, key, path)
    if not isinstance(value, int) or value <= 0:
        raise UserError(
            f"'{key}' of the camera calibration is {value!r}", "give the size in pixels", str(path)
        )
    return value


def _numbers(matrix: Any, key: str, path: Path, count: int | None = None) -> list[float]:
    data = matrix.get("data") if isinstance(matrix, Mapping) else None
    if not isinstance(data, Sequence) or isinstance(data, str) or (count is not None and len(data) != count):
        wanted = "a list of numbers" if count is None else f"{count} numbers"
        raise UserError(f"'{key}' of the camera calibration needs {wanted} under 'data'", "", str(path))
    try:
        return [float(value) for value in data]
    except (TypeError, ValueError):
        raise UserError(f"'{key}' of the camera calibration is not numeric", "", str(path)) from None
