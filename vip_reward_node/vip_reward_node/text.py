"""Text on pictures, in the font that Pillow carries."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]


class TextLayer:
    """Collects texts, then draws them all at once."""

    def __init__(self) -> None:
        self._items: list[tuple[str, tuple[int, int], Colour, int, str]] = []

    def add(self, text: str, at: tuple[int, int], colour: Colour, size: int, anchor: str = "ls") -> None:
        """Place a text.

        Args:
            text: one line.
            at: pixel (x, y) of the anchor.
            colour: RGB.
            size: height, px.
            anchor: which point of the text lies there, as Pillow names it: l, m, r and s (baseline) or m.
        """
        self._items.append((text, at, colour, size, anchor))

    def draw_on(self, canvas: NDArray[np.uint8]) -> None:
        """Draw the texts on a picture uint8 [H, W, 3] RGB; what lies outside is cut off."""
        for text, at, colour, size, anchor in self._items:
            _blend(canvas, _written(text, size, anchor), at, colour)


@dataclass(frozen=True)
class _Written:
    """A text's coverage, uint16 [h, w, 1] of 0..256, and where its corner lies from the anchor, px."""

    mask: NDArray[np.uint16]
    left: int
    top: int


@lru_cache(maxsize=512)
def _written(text: str, size: int, anchor: str) -> _Written:
    """Return a text as a mask; most stay the same from picture to picture, and writing is what costs."""
    font = _font(size)
    draw = ImageDraw.Draw(Image.new("L", (1, 1)))
    left, top, right, bottom = (round(edge) for edge in draw.textbbox((0, 0), text, font, anchor))
    # A pixel more on each side, for what rounding would cut off.
    image = Image.new("L", (max(right - left, 0) + 2, max(bottom - top, 0) + 2))
    ImageDraw.Draw(image).text((1 - left, 1 - top), text, 255, font, anchor)
    levels = np.asarray(image, dtype=np.uint16)
    return _Written((levels + (levels > 127))[:, :, None], left - 1, top - 1)


def _blend(canvas: NDArray[np.uint8], text: _Written, at: tuple[int, int], colour: Colour) -> None:
    high, wide = text.mask.shape[:2]
    left, top = at[0] + text.left, at[1] + text.top
    x, y = max(left, 0), max(top, 0)
    under = canvas[y : max(top + high, 0), x : max(left + wide, 0)]
    mask = text.mask[y - top :, x - left :][: under.shape[0], : under.shape[1]]
    ink = np.array(colour, np.uint16)
    under[:] = (under * (256 - mask) + ink * mask) >> 8


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
