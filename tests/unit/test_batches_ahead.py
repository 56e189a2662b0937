"""Batches are got ready beside the work on the one before, in order, and errors come in their turn."""

from __future__ import annotations

import threading

import pytest

from vip_models.ahead import batches_ahead

LIMIT = 20.0


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize(("count", "size"), [(0, 4), (1, 4), (4, 4), (9, 4), (5, 1)])
def test_all_frames_come_once_and_in_order(count, size, workers):
    batches = list(batches_ahead(iter(range(count)), size, sum, workers))
    assert [frame for batch, _ in batches for frame in batch] == list(range(count))
    assert all(len(batch) == size for batch, _ in batches[:-1])
    assert all(total == sum(batch) for batch, total in batches)


def test_the_next_batch_is_prepared_while_one_is_worked_on():
    second = threading.Event()

    def prepare(batch):
        if batch == [2, 3]:
            second.set()

    batches = batches_ahead(iter(range(6)), 2, prepare)
    assert next(batches)[0] == [0, 1]
    assert second.wait(LIMIT)  # without asking for it
    batches.close()


def test_several_workers_prepare_at_once():
    both = threading.Barrier(2, timeout=LIMIT)
    assert len(list(batches_ahead(iter(range(4)), 2, lambda batch: both.wait(), workers=2))) == 2


def test_a_damaged_frame_is_told_after_the_good_ones():
    def frames():
        yield from (1, 2, 3)
        raise ValueError("damaged")

    got = []
    with pytest.raises(ValueError, match="damaged"):
        for batch, _ in batches_ahead(frames(), 2, len):
            got.append(batch)
    assert got == [[1, 2]]


def test_an_error_of_the_preparation_comes_in_its_turn():
    def prepare(batch):
        if batch == [2, 3]:
            raise ValueError("too small")
        return batch

    batches = batches_ahead(iter(range(6)), 2, prepare)
    assert next(batches)[0] == [0, 1]
    with pytest.raises(ValueError, match="too small"):
        next(batches)


def test_only_a_few_batches_are_held():
    taken = []

    def frames():
        for index in range(1000):
            taken.append(index)
            yield index

    batches = batches_ahead(frames(), 2, len, workers=2)
    for _ in range(3):
        next(batches)
    batches.close()
    assert len(taken) <= 2 * (3 + 2 + 2)
