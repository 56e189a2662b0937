"""What must happen after a fault, and whether it did."""

from __future__ import annotations

import dataclasses
from typing import Protocol

import numpy as np
from faults.live_stack import LIMIT, LiveStack
from vip_interfaces.msg import GuardState

# Chunks that the guard follows after the fault before it counts as one that the stack goes on with: 2.5 s.
ENOUGH = 25


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What happened.

    Attributes:
        what: in words; a fault by its name.
        right: whether that is what must happen.
        seconds: from the fault to the safe state; NaN where the stack goes on.
    """

    what: str
    right: bool
    seconds: float = float("nan")


class Must(Protocol):
    """What must happen."""

    @property
    def text(self) -> str:
        """In words."""

    def observe(self, stack: LiveStack, begin_ns: int) -> Outcome:
        """Wait for what happens after a fault at that time, ns since the epoch."""


@dataclasses.dataclass(frozen=True)
class Stops:
    """The arm comes to rest, and the guard holds it with one of these faults."""

    faults: tuple[str, ...]
    or_goes_on: bool = False

    @property
    def text(self) -> str:
        named = "stops: " + " or ".join(self.faults)
        return f"goes on, or {named}" if self.or_goes_on else named

    def observe(self, stack: LiveStack, begin_ns: int) -> Outcome:
        followed = stack.ears.guard[-1].chunks_accepted

        def decided() -> bool:
            newest = stack.ears.guard[-1]
            return newest.mode == GuardState.FAULT or (
                self.or_goes_on and newest.chunks_accepted - followed >= ENOUGH
            )

        stack.probe.wait_for(decided, LIMIT, self.text)
        newest = stack.ears.guard[-1]
        if newest.mode != GuardState.FAULT:
            return Outcome("goes on", True)
        seconds = (stack.ears.rest_ns() - begin_ns) * 1e-9
        return Outcome(newest.fault, newest.fault in self.faults, seconds)


class GoesOn:
    """The policy goes on, and the guard follows it."""

    text = "goes on"

    def observe(self, stack: LiveStack, begin_ns: int) -> Outcome:
        outcome = Stops((), or_goes_on=True).observe(stack, begin_ns)
        return dataclasses.replace(outcome, right=outcome.what == self.text)


class Ends:
    """No command comes any more; a guard that is started anew moves nothing by itself."""

    text = "commands end; a new guard holds until a run is started"

    def observe(self, stack: LiveStack, begin_ns: int) -> Outcome:
        ears = stack.ears
        stack.probe.wait_for(lambda: ears.silence() > 1.0, LIMIT, "the commands to end")
        seconds = max(0.0, (ears.commands[-1][0] - begin_ns) * 1e-9)
        heard = len(ears.commands)
        stack.restart("franka_node")
        stack.nodes["franka_node"].wait_active(stack.probe, LIMIT)
        stack.probe.wait_for(lambda: len(ears.commands) > heard + 300, LIMIT, "commands of the new guard")
        postures = np.array([message.position[:7] for _, message in ears.commands[heard:]])
        return Outcome(
            "commands end; the new guard holds", bool(np.ptp(postures, axis=0).max() == 0), seconds
        )
