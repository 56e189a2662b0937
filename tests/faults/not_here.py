"""What a rig raises where this machine cannot have it."""

from __future__ import annotations


class NotHere(Exception):
    """A rig that cannot be made here; the text says why."""
