"""What `vip doctor` looks at: one file per topic, registered by name; each finding says how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vip_ros.errors import UserError
from vip_ros.registry import Registry

OK, NOTE, FAIL = "ok", "note", "fail"
"""Levels: as it should be; something optional is absent; something that the stack needs is broken."""


@dataclass(frozen=True)
class Finding:
    """One thing found.

    Attributes:
        level: OK, NOTE or FAIL.
        what: what was found.
        mend: what to do about it; empty when nothing is to be done.
    """

    level: str
    what: str
    mend: str = ""


Check = Callable[[], list[Finding]]
CHECKS: Registry[Check] = Registry("check", package="vip_bringup.checks")


def run_check(name: str) -> list[Finding]:
    """Return a check's findings; an error that it did not foresee is a finding too."""
    try:
        return CHECKS.get(name)()
    except UserError as error:
        return [Finding(FAIL, f"{error.what} [{error.where}]" if error.where else error.what, error.mend)]
    except Exception as error:
        return [Finding(FAIL, f"{type(error).__name__}: {error}", "please report this")]
