"""Network architectures by name; each module of this package registers its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vip_models.card import EncoderCard
from vip_ros.registry import Registry

# An entry builds an untrained torch module from what a card says of dimension, output and input:
# (card) -> nn.Module, float [N,3,crop,crop] -> [N,dim]; with a window, float [N,3,window,crop,crop].
ARCHITECTURES: Registry[Callable[[EncoderCard], Any]] = Registry(
    "architecture", package="vip_models.architectures"
)
