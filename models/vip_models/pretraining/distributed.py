"""One process or many: what torchrun set up, and what processes exchange beside gradients."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

from vip_ros.errors import UserError

# Decoding videos into the cache may keep one process from the others for long.
_PATIENCE = timedelta(hours=4)


@dataclass(frozen=True)
class Ranks:
    """The place of one process among all.

    Attributes:
        rank: number of this process, from 0.
        world: number of processes.
        local_rank: number of this process on its machine.
        local_world: number of processes on its machine.
        device: where its network lives.
    """

    rank: int = 0
    world: int = 1
    local_rank: int = 0
    local_world: int = 1
    device: str = "cpu"

    @property
    def first(self) -> bool:
        """Whether this process writes files and speaks to the user."""
        return self.rank == 0

    def join(self, embeddings: Any) -> Any:
        """Return embeddings [F,b,D] of all processes as [F,b*world,D], those of others without a gradient.

        With a loss of the joined batch on every process, the sum over processes of the gradients is the
        gradient of one process with the whole batch; DDP's mean times `world` is that sum.
        """
        if self.world == 1:
            return embeddings
        parts = [torch.empty_like(embeddings) for _ in range(self.world)]
        dist.all_gather(parts, embeddings.detach().contiguous())
        parts[self.rank] = embeddings
        return torch.cat(parts, dim=1)

    def total(self, values: list[float]) -> list[float]:
        """Return the sums of numbers over all processes."""
        if self.world == 1:
            return values
        sums = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(sums)
        return [float(value) for value in sums]

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.world > 1:
            dist.barrier()


@contextmanager
def joined() -> Iterator[Ranks]:
    """Join the processes that torchrun started; without torchrun this one stays alone.

    Raises:
        UserError: more processes than graphics processors on this machine.
    """
    world, local = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("LOCAL_RANK", "0"))
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if gpus and local >= gpus:
        raise UserError(f"process {local} has no GPU of its own", f"use --nproc-per-node {gpus}")
    device = f"cuda:{local}" if gpus else "cpu"
    if gpus:
        torch.cuda.set_device(local)
    if world == 1:
        yield Ranks(device=device)
        return
    dist.init_process_group("nccl" if gpus else "gloo", timeout=_PATIENCE)
    try:
        local_world = int(os.environ.get("LOCAL_WORLD_SIZE", str(world)))
        yield Ranks(dist.get_rank(), world, local, local_world, device)
    finally:
        dist.destroy_process_group()
