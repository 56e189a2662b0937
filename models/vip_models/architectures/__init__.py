"""Network architectures by name; each module of this package registers its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vip_ros.registry import Registry

# An entry builds an untrained torch module: (embedding length) -> nn.Module, float [N,3,S,S] -> [N,dim].
ARCHITECTURES: Registry[Callable[[int], Any]] = Registry("architecture", package="vip_models.architectures")
