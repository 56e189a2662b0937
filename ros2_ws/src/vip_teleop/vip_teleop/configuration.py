"""What a stack ran with, as far as its data depends on it: one hash tells whether two episodes are alike."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

_DIGITS = 16


def config_hash(configuration: Mapping[str, Any], encoder: str = "", goal: str = "") -> str:
    """Return a hash of what an episode was recorded with; empty when nothing is known of it.

    Args:
        configuration: parameters by node.
        encoder: id of the encoder, which tells its weights.
        goal: id of the goal.
    """
    if not configuration:
        return ""
    whole = {"configuration": configuration, "encoder": encoder, "goal": goal}
    text = json.dumps(whole, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
