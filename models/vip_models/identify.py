"""Which encoders a weights file would fit, for a user who named another one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vip_models.architectures import ARCHITECTURES
from vip_models.card import EncoderCard, card_names, load_card
from vip_models.converters import CONVERTERS, LayoutError
from vip_models.torch_tools import import_torch
from vip_ros.errors import UserError

# How many batches a batch norm saw in training: older files lack it, evaluation never reads it.
_COUNTER = "num_batches_tracked"


def check_fit(wanted: dict[str, Any], state: dict[str, Any], card: EncoderCard, weights: Path) -> None:
    """Compare tensors with those a network wants; raises LayoutError at the first that does not fit."""
    kept = " (the fc layer is kept)" if card.output == "fc" else ""
    mend = f"give weights made for {card.architecture} with {card.dim} outputs{kept}"
    for name, tensor in wanted.items():
        if name.endswith(_COUNTER):
            continue
        if name not in state:
            raise LayoutError(f"the weights lack '{name}' of encoder '{card.name}'", mend, str(weights))
        if tuple(state[name].shape) != tuple(tensor.shape):
            shapes = f"{tuple(state[name].shape)} instead of {tuple(tensor.shape)}"
            raise LayoutError(
                f"weights '{name}' of shape {shapes} for encoder '{card.name}'", mend, str(weights)
            )
    extra = sorted(name for name in set(state) - set(wanted) if not name.endswith(_COUNTER))
    if extra:
        raise LayoutError(f"unexpected weights '{extra[0]}' for encoder '{card.name}'", mend, str(weights))


def fitting_cards(weights: Path) -> list[str]:
    """Return the names of the encoders whose layout a weights file has, sorted."""
    return [name for name in card_names() if _fits(weights, load_card(name))]


def redirect(error: LayoutError, weights: Path) -> UserError:
    """Return the error with the encoders that the file does fit as its mend, where there are any."""
    names = fitting_cards(weights)
    if not names:
        return error
    return UserError(error.what, f"the file has the layout of encoder {' or '.join(names)}", error.where)


def _fits(weights: Path, card: EncoderCard) -> bool:
    try:
        state = CONVERTERS.get(card.convert)(weights, card)
        with import_torch("building an encoder").device("meta"):
            wanted = ARCHITECTURES.get(card.architecture)(card).state_dict()
        check_fit(wanted, state, card, weights)
    except UserError:
        return False
    return True
