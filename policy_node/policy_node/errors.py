"""Errors of the policy that are not a user's mistake."""

from __future__ import annotations

from vip_ros.errors import VipError


class InvalidObservation(VipError):
    """An observation from which no action can follow (NaN, infinity, wrong length)."""
