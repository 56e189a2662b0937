"""A small lifecycle node that fails as it is told to, for tests of the bring-up."""

from __future__ import annotations

import signal
import sys
import time
from dataclasses import dataclass

from vip_ros.config import option
from vip_ros.errors import UserError
from vip_ros.node import StackNode, run_node


@dataclass(frozen=True)
class StubConfig:
    complaint: str = option("", "configure fails with this")
    fresh_after: float = option(0.0, "s until activation succeeds")
    stubborn: bool = option(False, "ignores SIGINT and SIGTERM")


class StubNode(StackNode):
    config_class = StubConfig

    def __init__(self) -> None:
        super().__init__("stub")
        self._begin = time.monotonic()
        if self.config.stubborn:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)

    def setup(self) -> None:
        if self.config.complaint:
            raise UserError(self.config.complaint, "mend the stub")

    def start(self) -> None:
        if time.monotonic() - self._begin < self.config.fresh_after:
            raise UserError("no fresh image yet")


if __name__ == "__main__":
    sys.exit(run_node(StubNode))
