"""Agreeing to a licence that forbids commercial use, once per encoder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vip_models.card import EncoderCard
from vip_models.weights import default_weights
from vip_ros.errors import UserError

# Shows the terms and returns whether the user agrees.
Ask = Callable[[str], bool]


def agree(card: EncoderCard, yes: bool, ask: Ask | None) -> None:
    """Make sure that the user has agreed to a licence that forbids commercial use.

    Args:
        card: whose weights are wanted.
        yes: the user has agreed beforehand.
        ask: asks the user; None where nobody can be asked.

    Raises:
        UserError: the user did not agree, or cannot be asked.
    """
    record = _record(card)
    if not card.noncommercial or (record.is_file() and record.read_text("utf-8") == card.licence):
        return
    terms = f"the weights of '{card.name}' may not be used commercially (licence: {card.licence})"
    if not yes and ask is None:
        raise UserError(terms, "repeat the command with --yes if you agree to that")
    if not yes and ask is not None and not ask(terms):
        raise UserError(terms, "nothing was fetched; choose another encoder, see `vip models list`")
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(card.licence, "utf-8")


def _record(card: EncoderCard) -> Path:
    path = default_weights(card)
    return path.with_name(f"{path.name}.agreed")
