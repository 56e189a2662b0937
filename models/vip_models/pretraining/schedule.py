"""Learning-rate schedules by name."""

from __future__ import annotations

import math
from collections.abc import Callable

from vip_ros.registry import Registry

# An entry maps the share of training done (0..1) to a factor on the learning rate.
DECAYS: Registry[Callable[[float], float]] = Registry("learning-rate decay")


@DECAYS.register("none")
def constant(share: float) -> float:
    """Keep the learning rate."""
    return 1.0


@DECAYS.register("cosine")
def cosine(share: float) -> float:
    """Let the learning rate fall to zero along half a cosine wave."""
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, share)))


def learning_rate(base: float, decay: str, step: int, steps: int) -> float:
    """Return the learning rate of a step; raises UserError on an unknown decay."""
    return base * DECAYS.get(decay)(step / max(1, steps))
