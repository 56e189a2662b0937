"""A thread that always works on the newest item and never queues."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class LatestWorker(Generic[T]):
    """A mailbox of one item with a thread behind it: a late item replaces the one that waits.

    Args:
        work: called in the thread with each item taken.
        on_error: called in the thread when work raised; the worker then goes on with the next item.
        name: name of the thread.
    """

    def __init__(
        self, work: Callable[[T], None], on_error: Callable[[Exception], None], name: str = "worker"
    ) -> None:
        self._work = work
        self._on_error = on_error
        self._name = name
        self._changed = threading.Condition()
        self._mailbox: list[T] = []
        self._running = False
        self._thread: threading.Thread | None = None
        self.dropped = 0
        self.processed = 0

    def start(self) -> None:
        """Start the thread with an empty mailbox; nothing happens when it runs."""
        if self._running:
            return
        self._mailbox.clear()
        self._running = True
        # What there is by now will stay: looking through it for garbage would only delay an item.
        gc.collect()
        gc.freeze()
        self._thread = threading.Thread(target=self._loop, name=self._name, daemon=True)
        self._thread.start()

    def offer(self, item: T) -> bool:
        """Put an item in the mailbox; returns False when that dropped one (or the worker is stopped)."""
        with self._changed:
            if not self._running:
                return False
            replaced = bool(self._mailbox)
            self.dropped += replaced
            self._mailbox[:] = [item]
            self._changed.notify()
        return not replaced

    def stop(self, timeout: float = 5.0) -> bool:
        """End the thread after the item in work; returns False when it did not end within timeout s."""
        with self._changed:
            self._running = False
            self._mailbox.clear()
            thread, self._thread = self._thread, None
            self._changed.notify()
        if thread is None or thread is threading.current_thread():
            return True
        gc.unfreeze()
        thread.join(timeout)
        return not thread.is_alive()

    def _loop(self) -> None:
        me = threading.current_thread()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._mailbox or self._thread is not me)
                if self._thread is not me:
                    return
                item = self._mailbox.pop()
            try:
                self._work(item)
            except Exception as error:  # handed on: the owner decides what it means
                self._on_error(error)
            self.processed += 1
