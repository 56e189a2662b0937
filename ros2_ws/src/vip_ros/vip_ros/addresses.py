"""Addresses of streams as they may be shown and recorded."""

from __future__ import annotations

import re

# What stands between a user's name and the last @ before the path; an @ may be part of it.
_PASSWORD = re.compile(r"(://[^/?#\s:@]*:)[^/?#\s]*@")


def without_password(text: str) -> str:
    """Return a text whose addresses (scheme://user:password@host) have *** instead of their passwords."""
    return _PASSWORD.sub(r"\1***@", text)
