"""The network of a run: what it starts from, and in which precision it computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from vip_models.architectures.colour_points import PREFIX
from vip_models.card import EncoderCard, load_card
from vip_models.export import build_network, with_normalisation
from vip_models.machine import this_machine
from vip_models.weights import locate_weights, read_state
from vip_ros.errors import UserError

RANDOM = "random"


def new_network(card: EncoderCard, seed: int, init: str = RANDOM) -> Any:
    """Build a network in training mode, uint8 [N,crop,crop,3] → float [N,dim].

    Args:
        card: architecture, input size and normalisation.
        seed: of random weights.
        init: "random", a weights file in the card's layout, or the name of an encoder whose weights are here.

    Raises:
        UserError: weights that are missing or do not fit.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        backbone = build_network(card)
    if init != RANDOM:
        _start_from(backbone, card, init)
    network = with_normalisation(backbone, card).train()
    # Channels-last is the layout in which frames arrive, and the one that convolves fastest.
    return network.to(memory_format=torch.channels_last)


def _start_from(backbone: Any, card: EncoderCard, init: str) -> None:
    """Load what fits; a head of another size may stay random, colour points as they are, others not."""
    source, path = (card, Path(init)) if Path(init).is_file() else (load_card(init), None)
    state = read_state(locate_weights(source, path), source)
    own = backbone.state_dict()
    fitting = {name: value for name, value in state.items() if name in own and own[name].shape == value.shape}
    missing = [name for name in own if name not in fitting and not name.startswith(("fc.", PREFIX))]
    if missing:
        raise UserError(
            f"{init} does not fit architecture '{card.architecture}' ({missing[0]} is missing or differs)",
            "choose the --architecture that the weights were trained with",
        )
    backbone.load_state_dict(fitting, strict=False)


def half_precision(precision: str, device: str) -> bool:
    """Tell whether the forward pass computes in bfloat16; "auto" asks the hardware."""
    if precision != "auto":
        return precision == "bf16"
    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool({"avx512_bf16", "amx_bf16"} & set(this_machine().flags))
