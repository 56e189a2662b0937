"""The residual networks of SimCLR and SimCLRv2, as their TensorFlow code computes them.

They differ from torchvision's in the stem's max-pool (TensorFlow's SAME pads only behind an even input), in
width, and, with selective kernels (Li et al., arXiv 1903.06586), in a three-layer stem, pooled shortcuts
and a learned mix of two streams. Modules are made in the order in which that code makes its variables: a
checkpoint names them by order alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vip_models.architectures import ARCHITECTURES
from vip_models.card import EncoderCard
from vip_models.torch_tools import import_torch
from vip_ros.errors import UserError

_DEPTHS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
# (depth, width factor, selective kernels) of the published checkpoints.
_PUBLISHED = (
    *((50, width, False) for width in (1, 2, 4)),
    *((50, width, True) for width in (1, 2)),
    *((depth, width, sk) for depth in (101, 152) for width in (1, 2) for sk in (False, True)),
    (152, 3, True),
)
_SK_RATIO, _SK_MIN = 1 / 16, 32
_STRIDE = 32


def _conv(nn: Any, inputs: int, outputs: int, kernel: int, stride: int = 1) -> Any:
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)


def _selective_conv(inputs: int, filters: int, stride: int) -> Any:
    """Return two 3x3 streams mixed by weights that depend on both."""
    torch = import_torch("building an encoder")
    nn = torch.nn

    class SelectiveConv(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            middle = max(int(filters * _SK_RATIO), _SK_MIN)
            self.streams = nn.Sequential(
                _conv(nn, inputs, 2 * filters, 3, stride), nn.BatchNorm2d(2 * filters), nn.ReLU()
            )
            self.mix = nn.Sequential(
                _conv(nn, filters, middle, 1),
                nn.BatchNorm2d(middle),
                nn.ReLU(),
                _conv(nn, middle, 2 * filters, 1),
            )

        def forward(self, x: Any) -> Any:
            first, second = self.streams(x).chunk(2, dim=1)
            weights = self.mix((first + second).mean((2, 3), keepdim=True)).chunk(2, dim=1)
            share = torch.stack(weights).softmax(0)
            return first * share[0] + second * share[1]

    return SelectiveConv()


def _shortcut(nn: Any, inputs: int, outputs: int, stride: int, sk: bool) -> Any:
    if not sk:
        return nn.Sequential(_conv(nn, inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))
    # Behind the last pixel the code pads with zeros when it halves; otherwise it averages the pixels there
    # are, which repeating the edge amounts to.
    pad = nn.ZeroPad2d((0, 1, 0, 1)) if stride > 1 else nn.ReplicationPad2d((0, 1, 0, 1))
    return nn.Sequential(pad, nn.AvgPool2d(2, stride), _conv(nn, inputs, outputs, 1), nn.BatchNorm2d(outputs))


def _block(inputs: int, filters: int, stride: int, project: bool, sk: bool) -> Any:
    nn = import_torch("building an encoder").nn

    class Bottleneck(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.shortcut = _shortcut(nn, inputs, 4 * filters, stride, sk) if project else nn.Identity()
            middle = [_selective_conv(filters, filters, stride)]
            if not sk:
                middle = [_conv(nn, filters, filters, 3, stride), nn.BatchNorm2d(filters), nn.ReLU()]
            self.residual = nn.Sequential(
                _conv(nn, inputs, filters, 1),
                nn.BatchNorm2d(filters),
                nn.ReLU(),
                *middle,
                _conv(nn, filters, 4 * filters, 1),
                nn.BatchNorm2d(4 * filters),
            )

        def forward(self, x: Any) -> Any:
            return nn.functional.relu(self.residual(x) + self.shortcut(x))

    return Bottleneck()


def _stem(nn: Any, filters: int, sk: bool) -> list[Any]:
    half = filters // 2
    convolutions = [_conv(nn, 3, filters, 7, 2)]
    if sk:
        convolutions = [
            *(_conv(nn, 3, half, 3, 2), nn.BatchNorm2d(half), nn.ReLU()),
            *(_conv(nn, half, half, 3), nn.BatchNorm2d(half), nn.ReLU()),
            _conv(nn, half, filters, 3),
        ]
    # Zeros never win after a ReLU, so padding with them is the same as padding with minus infinity.
    pool = (nn.ZeroPad2d((0, 1, 0, 1)), nn.MaxPool2d(3, 2))
    return [*convolutions, nn.BatchNorm2d(filters), nn.ReLU(), *pool]


def _builder(depth: int, width: int, sk: bool) -> Callable[[EncoderCard], Any]:
    def build(card: EncoderCard) -> Any:
        if card.dim != 2048 * width or card.crop % _STRIDE:
            raise UserError(
                f"card '{card.name}': SimCLR of width {width} gives {2048 * width} values, of an input whose "
                f"side is a multiple of {_STRIDE} pixels",
                "mend dim and crop",
            )
        nn = import_torch("building an encoder").nn
        layers = _stem(nn, 64 * width, sk)
        inputs = 64 * width
        for stage, blocks in enumerate(_DEPTHS[depth]):
            filters = 64 * width * 2**stage
            for index in range(blocks):
                stride = 2 if stage and not index else 1
                layers.append(_block(inputs, filters, stride, index == 0, sk))
                inputs = 4 * filters
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(1))

    return build


for _depth, _width, _sk in _PUBLISHED:
    _name = f"simclr-resnet{_depth}-w{_width}{'-sk' if _sk else ''}"
    ARCHITECTURES.register(_name)(_builder(_depth, _width, _sk))
