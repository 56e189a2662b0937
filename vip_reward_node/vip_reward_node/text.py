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
            anchor: which point of the text lies there, as Pillow names it: l, m or r, and s (baseline) or m.
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
    """Return a text as a mask, put together from its glyphs: numbers change, digits stay."""
    glyphs = [_glyph(character, size) for character in text]
    wide = sum(advance for _, advance in glyphs)
    ascent, descent = _lines(size)
    mask = np.zeros((ascent + descent + 2, wide + 2, 1), np.uint16)
    at = 0
    for levels, advance in glyphs:
        under = mask[:, at : at + advance + 2]
        np.maximum(under, levels, out=under)
        at += advance
    left = {"l": 0, "m": -(wide // 2), "r": -wide}[anchor[0]]
    top = {"s": -ascent, "m": -((ascent + descent) // 2)}[anchor[1]]
    return _Written(mask, left - 1, top - 1)


@lru_cache(maxsize=2048)
def _glyph(character: str, size: int) -> tuple[NDArray[np.uint16], int]:
    """Return a character's mask, a pixel wider on each side than its advance in px, and that."""
    font = _font(size)
    advance, (ascent, descent) = round(font.getlength(character)), _lines(size)
    image = Image.new("L", (advance + 2, ascent + descent + 2))
    ImageDraw.Draw(image).text((1, 1 + ascent), character, 255, font, "ls")
    levels = np.asarray(image, dtype=np.uint16)
    return (levels + (levels > 127))[:, :, None], advance


@lru_cache
def _lines(size: int) -> tuple[int, int]:
    """Return the font's ascent and descent, px."""
    font = _font(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font.getmetrics()


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
