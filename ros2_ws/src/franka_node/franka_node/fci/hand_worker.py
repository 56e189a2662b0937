"""A hand that never holds up the arm: its slow calls run in threads of their own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from franka_node.fci.backend import Hand
from franka_node.ros2_control.gripper_queue import Cancel, GripperQueue

# Time between two looks at the hand, s; a Franka hand tells its state at about 15 Hz.
PERIOD = 0.07
# How long the end waits for a call of the hand that is under way, s.
FAREWELL = 3.0


class HandWorker:
    """Reads the width and moves to the newest wish; a failure of the hand is told, not raised.

    Args:
        hand: whose move() and stop() may run at the same time.
        report: called with one line when a call of the hand fails.
    """

    def __init__(self, hand: Hand, report: Callable[[str], None]) -> None:
        self._hand, self._report = hand, report
        self._queue = GripperQueue(self._begin)
        self._finished = threading.Event()
        self._mover: threading.Thread | None = None
        self.width = 0.0
        self.wish: float | None = None
        self._thread = threading.Thread(target=self._run, name="hand", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the hand where it is; may be called twice."""
        if self._finished.is_set():
            return
        self._finished.set()
        self._thread.join(FAREWELL)
        if self._mover is not None and self._mover.is_alive():
            self._queue.cancel()
            self._mover.join(FAREWELL)

    def _run(self) -> None:
        while not self._finished.wait(PERIOD):
            self._try("tell its width", self._look)
            wish = self.wish
            if wish is not None:
                self._queue.update(wish, time.monotonic())

    def _look(self) -> None:
        self.width = self._hand.width()

    def _begin(self, width: float) -> Cancel:
        if self._mover is not None:
            self._mover.join(FAREWELL)
        mover = self._mover = threading.Thread(
            target=self._try, args=("move", lambda: self._hand.move(width)), name="hand motion", daemon=True
        )
        mover.start()
        return lambda: self._try("stop", self._hand.stop) if mover.is_alive() else None

    def _try(self, what: str, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:  # a library's own: the arm goes on without its hand
            self._report(f"the hand did not {what}: {type(error).__name__}: {error}")
