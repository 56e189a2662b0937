"""Dropout whose masks come from the generator of the run, in torch."""

from __future__ import annotations

import torch
from torch import nn


class SeededDropout(nn.Module):
    """Leaves out a share of the units while it is trained, and scales the others up; else changes nothing.

    torch's own draws from the generator of the whole process: a training would depend on what ran before it,
    and one that was cut short could not go on as it would have.

    Args:
        share: of the units that are left out, from 0 to below 1.
        generator: where the masks come from.
    """

    def __init__(self, share: float, generator: torch.Generator) -> None:
        super().__init__()
        self._kept, self._generator = 1.0 - share, generator

    def forward(self, units: torch.Tensor) -> torch.Tensor:
        """Return the units of any shape, some of them 0."""
        if not self.training:
            return units
        mask = torch.empty_like(units).bernoulli_(self._kept, generator=self._generator)
        return units * mask / self._kept
