"""The capture loop: reads a camera source in a thread, keeps its pace and reconnects it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from vip_reward_node.cameras.base import CameraSource, Frame
from vip_ros.errors import UserError

# After a frame that came late by this part of a period, the whole schedule moves: frames of a recording
# come later rather than two at once, because the next one would push the first out of a mailbox of one.
_TOLERATED_LATENESS = 0.25


@dataclass(frozen=True)
class CaptureHooks:
    """What the loop calls from its thread.

    Attributes:
        publish: takes each frame.
        subscribers: number of listeners now.
        report: takes an error that the loop will try to mend by reconnecting, one that ends a recording, or
            a fatal one.
        mended: called with the first frame after an error.
    """

    publish: Callable[[Frame], None]
    subscribers: Callable[[], int]
    report: Callable[[Exception], None]
    mended: Callable[[], None]


class CaptureLoop:
    """Plays one source until stopped.

    Args:
        source: the source; opened by the loop where it is not open, closed by it at the end.
        hooks: see CaptureHooks.
        wait_for_subscriber: hold a recording's first frame until somebody listens.
        settle: time between the first listener's arrival and the first frame, s.
        first_delay: time before the first attempt to reconnect, s; it doubles at each failure.
        longest_delay: longest time between two attempts, s.

    Attributes:
        state: idle, waiting for a subscriber, streaming, reconnecting, end of stream.
        reconnects: times the source was opened again after it went away.
    """

    def __init__(
        self,
        source: CameraSource,
        hooks: CaptureHooks,
        wait_for_subscriber: bool = True,
        settle: float = 0.5,
        first_delay: float = 0.5,
        longest_delay: float = 8.0,
    ) -> None:
        self._source = source
        self._hooks = hooks
        self._wait = wait_for_subscriber and source.recorded
        self._settle = settle
        self._first_delay = first_delay
        self._longest_delay = longest_delay
        self._thread: threading.Thread | None = None
        self.state = "idle"
        self.reconnects = 0

    def start(self) -> None:
        """Start the thread; the source must be open."""
        self._source.cancel.clear()
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """End the thread and close the source; raises UserError when the source does not let go in time."""
        self._source.cancel.set()
        thread, self._thread = self._thread, None
        if thread is None:
            return
        thread.join(timeout)
        if thread.is_alive():
            raise UserError("the camera does not answer", "unplug it, then start the node again")

    def _run(self) -> None:
        try:
            if self._wait and not self._wait_for_subscriber():
                return
            self._play()
        except Exception as error:  # a bug: the owner ends the process
            self._hooks.report(error)
        finally:
            self._source.close()
            if self.state != "end of stream":
                self.state = "idle"

    def _wait_for_subscriber(self) -> bool:
        self.state = "waiting for a subscriber"
        while self._hooks.subscribers() == 0:
            if self._source.cancel.wait(0.02):
                return False
        # The listener knows us a moment after we know it.
        return not self._source.cancel.wait(self._settle)

    def _play(self) -> None:
        due = time.monotonic()
        broken = False
        while not self._source.cancel.is_set():
            try:
                frame = self._source.read()
            except UserError as error:
                self._hooks.report(error)
                if self._source.recorded:  # it would play again from the start, up to the same picture
                    self.state = "end of stream"
                    return
                self._reconnect()
                broken = True
                continue
            if self._source.cancel.is_set():
                return
            if frame is None:
                self.state = "end of stream"
                return
            if self._source.recorded and not self._keep_pace(due):
                return
            due = self._next_due(due)
            self._publish(frame, broken)
            broken = False

    def _publish(self, frame: Frame, after_error: bool) -> None:
        self.state = "streaming"
        try:
            self._hooks.publish(frame)
        except UserError as error:
            self._hooks.report(error)
            return
        if after_error:
            self._hooks.mended()

    def _keep_pace(self, due: float) -> bool:
        return not self._source.cancel.wait(max(0.0, due - time.monotonic()))

    def _next_due(self, due: float) -> float:
        period = 1.0 / self._source.rate if self._source.rate > 0 else 0.0
        late = time.monotonic() - due
        return (time.monotonic() if late > _TOLERATED_LATENESS * period else due) + period

    def _reconnect(self) -> None:
        """Close and open the source with growing pauses until it opens or the loop is stopped."""
        self.state = "reconnecting"
        self._source.close()
        delay = self._first_delay
        while not self._source.cancel.wait(delay):
            try:
                self._source.open()
            except UserError as error:
                self._hooks.report(error)
                delay = min(2 * delay, self._longest_delay)
                continue
            self.reconnects += 1
            return
