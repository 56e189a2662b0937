"""How long a stop took, from the last good input to standstill, and a table of such stops."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from faults.live_stack import Ears
from vip_interfaces.msg import GuardState

from vip_ros.stamps import to_ns


@dataclasses.dataclass(frozen=True)
class StopTimes:
    """One stop.

    Attributes:
        what: was done to the stack.
        fault: that was latched.
        timeout: of the stream's watchdog, s.
        begin: s from the last good input to the start of the deceleration.
        rest: s from there to standstill.
    """

    what: str
    fault: str
    timeout: float
    begin: float
    rest: float


def measure(ears: Ears, what: str, stream: str, timeout: float) -> StopTimes:
    """Return the times of the newest stop, whose cause is the silence of a stream.

    The last good input is when its publisher wrote the newest message that came before the stop; the stop
    begins and ends with the cycle of the guard whose state says so.
    """
    states = ears.since_fault()
    begin_ns = to_ns(states[0].header.stamp)
    rest_ns = next(to_ns(state.header.stamp) for state in states if state.mode == GuardState.FAULT)
    last_ns = max(sent_ns for sent_ns in ears.sent_ns[stream] if sent_ns <= begin_ns)
    begin, rest = (begin_ns - last_ns) * 1e-9, (rest_ns - begin_ns) * 1e-9
    return StopTimes(what, states[0].fault, timeout, begin, rest)


def write_table(header: str, rows: list[str], variable: str = "VIP_STOP_TIMES") -> None:
    """Append a Markdown table to the file that the environment variable names, if there is one."""
    if variable not in os.environ or not rows:
        return
    path = Path(os.environ[variable])
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if header not in text:
        text += f"\n{header}\n|{'---|' * (header.count('|') - 1)}\n"
    path.write_text(text + "".join(f"{row}\n" for row in rows), encoding="utf-8")


def cells(*values: object) -> str:
    """Return one row of a table; numbers are seconds and become ms."""
    shown = (f"{1e3 * value:.0f}" if isinstance(value, float) else str(value) for value in values)
    return f"| {' | '.join(shown)} |"
