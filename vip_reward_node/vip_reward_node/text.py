"""Text on pictures, in the font that Pillow carries."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]


class TextLayer:
    """Collects texts, then draws them all at once: converting a picture is what costs."""

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

    def drawn_on(self, canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the picture uint8 [H, W, 3] RGB with the texts on it."""
        image = Image.fromarray(canvas)
        draw = ImageDraw.Draw(image)
        for text, at, colour, size, anchor in self._items:
            draw.text(at, text, colour, _font(size), anchor)
        return np.asarray(image)


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
