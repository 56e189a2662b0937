"""What a policy sees with: an encoder card, the same network untrained, or plain pixels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from policy_node.embeddings import FrameEncoder
from policy_node.pixels import NAME as PIXELS
from policy_node.pixels import PixelEncoder
from vip_reward_node.files import write_atomically
from vip_ros.errors import UserError

RANDOM = "random"


@dataclass(frozen=True)
class Eyes:
    """One way to see.

    Attributes:
        card: name or path of an encoder card.
        weights: other weights than the card's own.
        kind: '' as it is, 'random' its network without training, 'pixels' no encoder at all.
    """

    card: str
    weights: Path | None = None
    kind: str = ""

    def identity(self) -> str:
        """Return what decides its embeddings, as a text to hash: another text, another way to see.

        Raises:
            UserError: no such card, or weights that cannot be read.
        """
        if self.kind == PIXELS:
            return PIXELS
        from vip_models import load_card
        from vip_models.weights import file_sha256

        card = load_card(self.card)
        weights = card.sha256 if self.weights is None else file_sha256(self.weights)
        return repr((card.embedding_values(), self.kind or weights))

    def load(self, folder: Path) -> FrameEncoder:
        """Return the encoder; random weights are kept in the folder. Raises UserError when it cannot."""
        if self.kind == RANDOM:
            return _untrained(self.card, folder)
        return load_eyes(PIXELS if self.kind == PIXELS else self.card, self.weights)


def load_eyes(encoder: str, weights: Path | None = None) -> FrameEncoder:
    """Return plain pixels, or the encoder of that card or id (name@hash); raises UserError for neither."""
    from vip_models import load_encoder

    name = encoder.split("@")[0]
    return PixelEncoder() if name == PIXELS else load_encoder(name, weights)


def named_eyes(encoders: list[str], kind: str) -> dict[str, Eyes]:
    """Return what CARD or CARD=FILE stand for, by the name that a table gives them.

    Raises:
        UserError: two of them would have one name.
    """
    if kind == PIXELS:
        return {PIXELS: Eyes(PIXELS, kind=PIXELS)}
    found: dict[str, Eyes] = {}
    for card, _, file in (encoder.partition("=") for encoder in encoders):
        if kind == RANDOM:
            name, eyes = f"{Path(card).stem}-untrained", Eyes(card, kind=RANDOM)
        else:
            # Weights of one's own must not pass for those that are shipped.
            name = "-".join(Path(part).stem for part in (card, file) if part)
            eyes = Eyes(card, Path(file) if file else None)
        if found.setdefault(name, eyes) != eyes:
            raise UserError(f"two encoders would be called '{name}'", "give a file another name", "--encoder")
    return found


def _untrained(card: str, folder: Path) -> FrameEncoder:
    from vip_models import load_encoder
    from vip_models.testing import write_random_checkpoint

    path = folder / f"{Path(card).stem}-untrained.safetensors"
    if not path.is_file():
        write_atomically(path, lambda draft: write_random_checkpoint(card, draft))
    return load_encoder(card, path)
