"""Getting the next batches of a video ready while the network works on this one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from vip_models.torch_tools import available_cores

F = TypeVar("F")
P = TypeVar("P")
# Beyond these the decoder, which is one thread, does not keep up.
_MOST_WORKERS = 4


def batches_ahead(
    frames: Iterator[F], size: int, prepare: Callable[[list[F]], P], workers: int = 0
) -> Iterator[tuple[list[F], P]]:
    """Yield batches of up to `size` frames, each with what `prepare` made of it, in order.

    Frames are taken from the iterator in one thread and prepared in others, a few batches ahead of the one
    that is being worked on. What the iterator or `prepare` raise is raised here in its turn.

    Args:
        frames: for example a video decoder.
        size: frames per batch.
        prepare: for example resizing; runs beside itself.
        workers: threads that prepare; 0: as many as this machine has cores for.
    """
    workers = workers or max(1, min(_MOST_WORKERS, available_cores() // 2))
    with ThreadPoolExecutor(1, "decode") as decoder, ThreadPoolExecutor(workers, "prepare") as pool:

        def take() -> tuple[list[F], Future[P] | None]:
            batch = list(islice(frames, size))
            return batch, pool.submit(prepare, batch) if batch else None

        coming = deque(decoder.submit(take) for _ in range(workers + 1))
        while True:
            batch, prepared = coming.popleft().result()
            if prepared is None:
                return
            coming.append(decoder.submit(take))
            yield batch, prepared.result()
