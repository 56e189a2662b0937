"""Pictures for documents: PNG of at most 256 colours, a third to a quarter of the full size in bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vip_reward_node.files import write_atomically


def write_small_png(path: Path, pixels: NDArray[np.uint8], widest: int = 1600) -> int:
    """Write uint8 [H, W, 3] RGB, shrunk where it is wider than that many px; returns the size in bytes.

    Raises:
        UserError: the file cannot be written.
    """
    picture = Image.fromarray(pixels)
    if picture.width > widest:
        size = (widest, round(picture.height * widest / picture.width))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    small = picture.quantize(palette=_palette(picture), dither=Image.Dither.NONE)
    write_atomically(path, lambda draft: small.save(draft, format="PNG", optimize=True))
    return path.stat().st_size


def _palette(picture: Image.Image) -> Image.Image:
    """Return 208 colours that most pixels have and 48 that differ most: of lines beside a photograph."""
    kinds = ((208, Image.Quantize.MEDIANCUT), (48, Image.Quantize.MAXCOVERAGE))
    palette = Image.new("P", (1, 1))
    palette.putpalette(
        [v for n, way in kinds for v in (picture.quantize(n, way).getpalette() or [])[: 3 * n]]
    )
    return palette
