"""An encoder for tests that need no trained one."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def encoder_params(weights: Path) -> dict[str, Any]:
    """Return reward_node's parameters for the test encoder."""
    return {"encoder": "vip-resnet18", "weights": str(weights), "runtime": "cpu"}
