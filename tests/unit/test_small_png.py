"""Pictures for documents: small, and with the colours of what is thin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vip_bringup.small_png import write_small_png
from vip_ros.errors import UserError

GREEN = (86, 199, 126)


def photograph_with_a_line() -> np.ndarray:
    """Return uint8 [240,320,3]: a thousand greys and browns, and one green line a pixel high."""
    across, down = np.meshgrid(np.linspace(0, 200, 320), np.linspace(0, 50, 240))
    picture = np.stack([across + down, across, np.full_like(across, 40) + down], axis=-1).astype(np.uint8)
    picture[120, 100:140] = GREEN
    return picture


def test_a_thin_line_keeps_its_colour_beside_a_photograph(tmp_path: Path) -> None:
    write_small_png(tmp_path / "small.png", photograph_with_a_line())
    with Image.open(tmp_path / "small.png") as image:
        read = np.asarray(image.convert("RGB")).astype(int)
    assert np.abs(read[120, 100:140] - GREEN).max() < 16
    assert np.abs(read - photograph_with_a_line()).mean() < 4


def test_a_wide_picture_is_shrunk_and_its_size_in_bytes_told(tmp_path: Path) -> None:
    size = write_small_png(tmp_path / "small.png", photograph_with_a_line(), widest=160)
    with Image.open(tmp_path / "small.png") as image:
        assert image.size == (160, 120)
    assert size == (tmp_path / "small.png").stat().st_size


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot write"):
        write_small_png(tmp_path / "nowhere" / "small.png", photograph_with_a_line())
