"""Robot drivers: what can be commanded from here."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from vip_bringup.checks import CHECKS, NOTE, OK, Finding

_LIBRARIES = {
    "franky": ("franky-control", "FR3"),
    "pylibfranka": ("pylibfranka", "FR3"),
    "panda_py": ("panda-python", "FER/Panda"),
}
"""Module → (distribution, robots it reaches)."""


@CHECKS.register("robot")
def check() -> list[Finding]:
    """List the drivers of franka_node and the Franka libraries that are installed."""
    from franka_node.drivers import DRIVERS

    findings = [Finding(OK, f"drivers: {', '.join(DRIVERS.names())}")]
    installed = [_describe(module) for module in _LIBRARIES if find_spec(module) is not None]
    if installed:
        findings.append(Finding(OK, f"robot libraries: {', '.join(installed)}"))
    else:
        mend = "for a real arm: VIP_EXTRAS=train,encoders,cpu,dev,franka ./vip doctor"
        findings.append(Finding(NOTE, "no library for a real Franka arm is installed", mend))
    return findings


def _describe(module: str) -> str:
    distribution, robots = _LIBRARIES[module]
    try:
        return f"{distribution} {version(distribution)} ({robots})"
    except PackageNotFoundError:
        return f"{module} ({robots})"
