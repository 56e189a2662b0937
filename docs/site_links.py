"""MkDocs hook: links that lead out of docs/ become plain names, for the site has only docs/."""

from __future__ import annotations

import re
from typing import Any

_OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./([^)#]+)[^)]*\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Return a page's text with such links as `text (path)`; a text that is the path stays alone."""
    return _OUTSIDE.sub(_plain, markdown)


def _plain(link: re.Match[str]) -> str:
    text, path = link[1], link[2]
    return text if text.strip("`") in path else f"{text} (`{path}`)"
