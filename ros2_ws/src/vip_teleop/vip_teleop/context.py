"""What the messages of an episode tell about where it came from."""

from __future__ import annotations

from typing import Any

from vip_teleop.message_types import decode
from vip_teleop.sample import Sample

_EMBEDDING, _REWARD, _SIM_STATE, _TELEOP = (
    f"vip_interfaces/msg/{name}" for name in ("Embedding", "Reward", "SimState", "TeleopState")
)


class Context:
    """Collects encoder, goal, scene seed and device from the first messages that tell them."""

    def __init__(self) -> None:
        self._facts: dict[str, Any] = {}

    def note(self, sample: Sample) -> None:
        """Look at a message."""
        if sample.type_name == _EMBEDDING and "encoder" not in self._facts:
            self._facts["encoder"] = str(decode(sample.data, _EMBEDDING).encoder)
        elif sample.type_name == _REWARD and "goal" not in self._facts:
            self._facts["goal"] = str(decode(sample.data, _REWARD).goal)
        elif sample.type_name == _SIM_STATE and "seed" not in self._facts:
            self._facts["seed"] = int(decode(sample.data, _SIM_STATE).seed)
        elif sample.type_name == _TELEOP and not self._facts.get("teleop"):
            self._facts["teleop"] = str(decode(sample.data, _TELEOP).device)

    def facts(self) -> dict[str, Any]:
        """Return the fields of EpisodeInfo that are known."""
        return dict(self._facts)
