"""The encoders at a glance: what each is, what it may be used for, and whether its weights are here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vip_models.card import EncoderCard, card_names, load_card
from vip_models.weights import default_weights


@dataclass(frozen=True)
class Entry:
    """One encoder in the catalogue.

    Attributes:
        card: what is known about it.
        file: its own weights, or None while they are absent.
    """

    card: EncoderCard
    file: Path | None

    @property
    def input(self) -> str:
        """What it looks at, e.g. "224 px" or "16 x 224 px"."""
        frames = f"{self.card.window} x " if self.card.window > 1 else ""
        return f"{frames}{self.card.crop} px{' + text' if self.card.text else ''}"

    @property
    def size(self) -> str:
        """Parameters of the network, e.g. "25.6 M"; "" where the card does not say."""
        return f"{self.card.parameters:.1f} M" if self.card.parameters else ""

    @property
    def weights(self) -> str:
        """Where its weights are, with the size of the file."""
        if self.file is not None:
            return f"{'shipped' if self.card.file else 'here'}, {self.file.stat().st_size / 1e6:.0f} MB"
        return "to fetch" if self.card.urls else "bring your own"

    @property
    def licence(self) -> str:
        """The licence of the weights, marked when it forbids commercial use."""
        return f"{self.card.licence}{' (non-commercial)' if self.card.noncommercial else ''}"


def catalogue() -> list[Entry]:
    """Return every encoder, sorted by name."""
    return [entry(load_card(name)) for name in card_names()]


def entry(card: EncoderCard) -> Entry:
    """Return one encoder's entry."""
    path = default_weights(card)
    return Entry(card, path if path.is_file() else None)
