"""Text on pictures, in the font that Pillow carries."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]


class TextLayer:
    """Collects texts, then draws them all at once: light texts on a dark picture."""

    def __init__(self) -> None:
        self._items: list[tuple[str, tuple[int, int], Colour, int, str]] = []

    def add(self, text: str, at: tuple[int, int], colour: Colour, size: int, anchor: str = "ls") -> None:
        """Place a text.

        Args:
            text: one line.
            at: pixel (x, y) of the anchor.
            colour: RGB.
            size: height, px.
            anchor: which point of the text lies there, as Pillow names it: l, m or r, and s (baseline) or m.
        """
        self._items.append((text, at, colour, size, anchor))

    def draw_on(self, canvas: NDArray[np.uint8]) -> None:
        """Draw the texts on a picture uint8 [H, W, 3] RGB; what lies outside is cut off."""
        for text, at, colour, size, anchor in self._items:
            _draw(canvas, _written(text, colour, size, anchor), at)


@dataclass(frozen=True)
class _Written:
    """A text on black, uint8 [h, w, 3] RGB, and where its corner lies from the anchor, px."""

    picture: NDArray[np.uint8]
    left: int
    top: int


@lru_cache(maxsize=512)
def _written(text: str, colour: Colour, size: int, anchor: str) -> _Written:
    """Return a text as a picture, put together from its glyphs: numbers change, digits stay."""
    glyphs = [_glyph(character, colour, size) for character in text]
    wide = sum(advance for _, advance in glyphs)
    ascent, descent = _lines(size)
    picture = np.zeros((ascent + descent + 2, wide + 2, 3), np.uint8)
    at = 0
    for glyph, advance in glyphs:
        under = picture[:, at : at + advance + 2]
        np.maximum(under, glyph, out=under)
        at += advance
    left = {"l": 0, "m": -(wide // 2), "r": -wide}[anchor[0]]
    top = {"s": -ascent, "m": -((ascent + descent) // 2)}[anchor[1]]
    return _Written(picture, left - 1, top - 1)


@lru_cache(maxsize=2048)
def _glyph(character: str, colour: Colour, size: int) -> tuple[NDArray[np.uint8], int]:
    """Return a character on black, a pixel wider on each side than its advance in px, and that."""
    font = _font(size)
    advance, (ascent, descent) = round(font.getlength(character)), _lines(size)
    image = Image.new("RGB", (advance + 2, ascent + descent + 2))
    ImageDraw.Draw(image).text((1, 1 + ascent), character, colour, font, "ls")
    return np.asarray(image, dtype=np.uint8), advance


def _draw(canvas: NDArray[np.uint8], text: _Written, at: tuple[int, int]) -> None:
    """Draw light on dark: the brighter of both is what mixing them would give, in a tenth of its time."""
    high, wide = text.picture.shape[:2]
    left, top = at[0] + text.left, at[1] + text.top
    x, y = max(left, 0), max(top, 0)
    under = canvas[y : max(top + high, 0), x : max(left + wide, 0)]
    np.maximum(under, text.picture[y - top :, x - left :][: under.shape[0], : under.shape[1]], out=under)


@lru_cache
def _lines(size: int) -> tuple[int, int]:
    """Return the font's ascent and descent, px."""
    font = _font(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font.getmetrics()


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
