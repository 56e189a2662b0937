"""What a policy that is judged sees with: the shipped card of its encoder's name, or one of one's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from policy_node.pixels import NAME as PIXELS
from vip_ros.errors import UserError


@dataclass(frozen=True)
class Sight:
    """What the person said of the policy's encoder.

    Attributes:
        card: name or path of its card; empty: the shipped one of its name.
        weights: weights instead of the card's own.
    """

    card: str = ""
    weights: Path | None = None

    def card_of(self, encoder: str) -> str:
        """Return the card for an encoder id (name@hash).

        Raises:
            UserError: no card is shipped under that name, and none was given.
        """
        from vip_models import card_names

        name = encoder.partition("@")[0]
        if self.card or name == PIXELS or name in card_names():
            return self.card or name
        raise UserError(
            f"the policy sees with '{name}', which is not shipped", "give its card: --encoder CARD.yaml"
        )
