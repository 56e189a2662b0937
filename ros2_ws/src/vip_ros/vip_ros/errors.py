"""The exception tree: what a user can mend, and what only a developer can."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class VipError(Exception):
    """Base of every error this project raises on purpose."""


class UserError(VipError):
    """Something the user can fix: it says what, where and how to mend it, in one line.

    Args:
        what: what is wrong, without a full stop.
        mend: what the user can do about it.
        where: file, parameter or topic it concerns.
    """

    def __init__(self, what: str, mend: str = "", where: str = "") -> None:
        self.what, self.mend, self.where = what, mend, where
        place = f" [{where}]" if where else ""
        cure = f": {mend}" if mend else ""
        super().__init__(" ".join(f"{what}{place}{cure}".split()))


class InternalError(VipError):
    """An invariant of this project broke; not the user's mistake."""


def unknown_name(kind: str, name: str, known: Iterable[str], where: str = "") -> UserError:
    """Build the error for a name that does not exist, naming the nearest and all that do."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    listing = ", ".join(names) if names else "none"
    return UserError(f"unknown {kind} '{name}'", f"{hint}available: {listing}", where)
