"""What lies between the nodes made bad: the cable between two hosts, and the middleware's own process."""

from __future__ import annotations

import dataclasses

from faults.injections import Injection
from faults.live_stack import LiveStack


@dataclasses.dataclass(frozen=True)
class BadCable(Injection):
    """The cable between two hosts made bad: the share of packets lost, and how late the others come, s."""

    loss: float = 0.0
    delay: float = 0.0

    def apply(self, stack: LiveStack) -> None:
        assert stack.cable is not None
        stack.cable.set(self.loss, self.delay)

    def mend(self, stack: LiveStack) -> None:
        assert stack.cable is not None
        stack.cable.set()


@dataclasses.dataclass(frozen=True)
class ServerLost(Injection):
    """The graph's discovery server killed, and at once started again or not before the fault is mended."""

    again: bool

    def apply(self, stack: LiveStack) -> None:
        assert stack.server is not None
        stack.server.kill()
        if self.again:
            stack.server.start()

    def mend(self, stack: LiveStack) -> None:
        assert stack.server is not None
        if not self.again:
            stack.server.start()
