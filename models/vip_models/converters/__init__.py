"""Ways from a published weights file to a network's tensors, by name; each module registers its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from vip_models.card import EncoderCard
from vip_ros.errors import UserError
from vip_ros.registry import Registry

# An entry reads a weights file: (path, card) -> tensors, named as the card's architecture names them.
Converter = Callable[[Path, EncoderCard], dict[str, Any]]
CONVERTERS: Registry[Converter] = Registry("converter", package="vip_models.converters")


class LayoutError(UserError):
    """A readable weights file that is not laid out as the card says; another card may fit it."""
