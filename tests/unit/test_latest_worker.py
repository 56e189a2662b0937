"""The worker behind inference: newest item only, counted drops, no lost errors."""

from __future__ import annotations

import threading

from vip_ros.worker import LatestWorker

LIMIT = 10.0


class Gate:
    """Work that waits for permission, so that tests need no sleeps."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.permits = threading.Semaphore(0)
        self.seen: list[int] = []

    def work(self, item: int) -> None:
        self.entered.release()
        assert self.permits.acquire(timeout=LIMIT)
        self.seen.append(item)


def _fail(error: Exception) -> None:
    raise AssertionError(error)


def test_a_late_item_replaces_the_waiting_one_and_is_counted() -> None:
    gate = Gate()
    worker = LatestWorker(gate.work, _fail)
    worker.start()
    assert worker.offer(0)
    assert gate.entered.acquire(timeout=LIMIT)  # 0 is in work, the mailbox is empty
    assert worker.offer(1)
    assert not worker.offer(2)
    assert not worker.offer(3)
    gate.permits.release(2)
    assert gate.entered.acquire(timeout=LIMIT)
    assert worker.stop()
    assert gate.seen == [0, 3]
    assert (worker.dropped, worker.processed) == (2, 2)


def test_stopping_leaves_out_the_item_that_waits() -> None:
    gate = Gate()
    worker = LatestWorker(gate.work, _fail)
    worker.start()
    worker.offer(0)
    assert gate.entered.acquire(timeout=LIMIT)
    worker.offer(1)
    assert not worker.stop(timeout=0.0)  # still in work
    gate.permits.release(2)
    worker.start()
    worker.offer(2)
    assert gate.entered.acquire(timeout=LIMIT)
    assert worker.stop()
    assert 1 not in gate.seen


def test_an_error_is_handed_on_and_the_next_item_is_worked_on() -> None:
    errors: list[Exception] = []
    done = threading.Event()

    def work(item: int) -> None:
        if item == 0:
            raise ValueError("bad item")
        done.set()

    failed = threading.Event()
    worker = LatestWorker(work, lambda error: (errors.append(error), failed.set()))
    worker.start()
    worker.offer(0)
    assert failed.wait(LIMIT)
    worker.offer(1)
    assert done.wait(LIMIT)
    assert worker.stop()
    assert [str(error) for error in errors] == ["bad item"]


def test_a_stopped_worker_takes_nothing_and_can_start_again() -> None:
    done = threading.Event()
    worker = LatestWorker(lambda item: done.set(), _fail)
    assert not worker.offer(0)
    worker.start()
    worker.start()
    assert worker.offer(1)
    assert done.wait(LIMIT)
    assert worker.stop() and worker.stop()


def test_the_worker_may_stop_itself() -> None:
    stopped = threading.Event()

    def work(item: int) -> None:
        assert worker.stop()
        stopped.set()

    worker = LatestWorker(work, _fail)
    worker.start()
    worker.offer(0)
    assert stopped.wait(LIMIT)
