"""Small residual networks that keep where things are.

Average pooling throws positions away; a large network re-codes them in its channels, a small one trained for
minutes does not. Here the last feature map is flattened instead, so the linear layer sees every cell. Tensor
names are those of torchvision's ResNet. With `-points`, the last numbers of the embedding are colour points.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from vip_models.architectures import ARCHITECTURES
from vip_models.architectures.colour_points import colour_points, without_points
from vip_models.card import EncoderCard
from vip_models.torch_tools import import_torch, import_torchvision_models

# Five halvings, each rounded up, turn the input into the last feature map.
_REDUCTION = 32


def _downsample(nn: Any, inputs: int, outputs: int, stride: int) -> Any:
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


def _builder(width: int, blocks: int) -> Callable[[EncoderCard], Any]:
    def build(card: EncoderCard) -> Any:
        nn = import_torch("building an encoder").nn
        block = import_torchvision_models().resnet.BasicBlock
        widths = [width, width, 2 * width, 4 * width, 8 * width]
        layers: dict[str, Any] = {
            "conv1": nn.Conv2d(3, width, 7, 2, 3, bias=False),
            "bn1": nn.BatchNorm2d(width),
            "relu": nn.ReLU(inplace=True),
            "maxpool": nn.MaxPool2d(3, 2, 1),
        }
        for index, (inputs, outputs) in enumerate(zip(widths, widths[1:], strict=False)):
            stride = 1 if index == 0 else 2
            shortcut = _downsample(nn, inputs, outputs, stride)
            further = [block(outputs, outputs) for _ in range(blocks - 1)]
            layers[f"layer{index + 1}"] = nn.Sequential(block(inputs, outputs, stride, shortcut), *further)
        layers["flatten"] = nn.Flatten(1)
        layers["fc"] = nn.Linear(math.ceil(card.crop / _REDUCTION) ** 2 * 8 * width, card.dim)
        network = nn.Sequential()
        for name, layer in layers.items():
            network.add_module(name, layer)
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        return network

    return build


def _with_points(build: Callable[[EncoderCard], Any], card: EncoderCard) -> Any:
    """Return the network with colour points behind its output; its tensors keep their names."""
    torch = import_torch("building an encoder")
    chain = build(without_points(card))

    class WithPoints(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            for name, layer in chain.named_children():
                self.add_module(name, layer)
            self.points = colour_points(card)

        def forward(self, pictures: Any) -> Any:
            features = pictures
            for name, _ in chain.named_children():
                features = getattr(self, name)(features)
            return torch.cat([features, self.points(pictures)], 1)

    return WithPoints()


for _width in (32, 48, 64):
    _grid = ARCHITECTURES.register(f"resnet10-w{_width}-grid")(_builder(_width, 1))
    ARCHITECTURES.register(f"resnet10-w{_width}-grid-points")(partial(_with_points, _grid))
ARCHITECTURES.register("resnet18-grid")(_builder(64, 2))
