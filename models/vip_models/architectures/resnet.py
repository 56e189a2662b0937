"""Torchvision's residual networks; the embedding leaves the last linear layer (as in VIP) or enters it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vip_models.architectures import ARCHITECTURES
from vip_models.card import EncoderCard
from vip_models.torch_tools import import_torch, import_torchvision_models
from vip_ros.errors import UserError, unknown_name

_BLOCKS: dict[str, tuple[str, tuple[int, int, int, int]]] = {
    "resnet10": ("BasicBlock", (1, 1, 1, 1)),
    "resnet18": ("BasicBlock", (2, 2, 2, 2)),
    "resnet34": ("BasicBlock", (3, 4, 6, 3)),
    "resnet50": ("Bottleneck", (3, 4, 6, 3)),
}


def _builder(block: str, layers: tuple[int, int, int, int]) -> Callable[[EncoderCard], Any]:
    def build(card: EncoderCard) -> Any:
        resnet = import_torchvision_models().resnet
        network = resnet.ResNet(getattr(resnet, block), list(layers), num_classes=card.dim)
        if card.output == "fc":
            return network
        if card.output != "avgpool":
            raise unknown_name("output", card.output, ("avgpool", "fc"), card.name)
        if network.fc.in_features != card.dim:
            raise UserError(
                f"card '{card.name}': its average pool has {network.fc.in_features} values", "mend dim"
            )
        network.fc = import_torch("building an encoder").nn.Identity()
        return network

    return build


for _name, (_block, _layers) in _BLOCKS.items():
    ARCHITECTURES.register(_name)(_builder(_block, _layers))
