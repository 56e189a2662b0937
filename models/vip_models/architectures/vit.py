"""Vision transformers, as timm builds them, in the sizes of the published self-supervised encoders.

What looks alike may not be: MoCo v3's small transformer has 12 heads where DINO's has 6, I-JEPA and V-JEPA
have no class token, DINOv2 scales its layers. The position embedding has the size of the card's crop; fitting
a published one to another size is the converters' work.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from vip_models.architectures import ARCHITECTURES
from vip_models.architectures.tubelets import tubelet_embedding
from vip_models.card import EncoderCard
from vip_models.torch_tools import import_timm, import_torch
from vip_ros.errors import UserError, unknown_name

# What a card's `output` may be, and timm's word for it; both are taken after the last norm.
_POOLING = {"cls": "token", "patch-mean": "avg"}
_NORM_EPSILON = 1e-6


@dataclass(frozen=True)
class VitShape:
    """The size and the family traits of a vision transformer.

    Args:
        patch: side of a patch, pixels.
        width: length of a token, and of the embedding.
        depth: number of blocks.
        heads: attention heads per block.
        mlp_ratio: width of a block's hidden layer over the token's.
        class_token: whether a class token leads the patches.
        registers: tokens between the class token and the patches, without a position.
        layer_scale: whether each block scales what it adds.
        swiglu: whether the hidden layer is gated (Shazeer, arXiv 2002.05202).
        tubelet: frames that one patch spans; more than 1 takes clips of the card's window.
    """

    patch: int
    width: int
    depth: int
    heads: int
    mlp_ratio: float = 4.0
    class_token: bool = True
    registers: int = 0
    layer_scale: bool = False
    swiglu: bool = False
    tubelet: int = 1


def build_vit(shape: VitShape, card: EncoderCard) -> Any:
    """Build a transformer of this shape for the card's input and output.

    Raises:
        UserError: the card's dimension, crop, window or output does not suit the shape.
    """
    _check(shape, card)
    timm, nn = import_timm(), import_torch("building an encoder").nn
    traits: dict[str, Any] = {}
    if shape.layer_scale:
        traits["init_values"] = 1.0
    if shape.swiglu:
        traits |= {"mlp_layer": timm.layers.SwiGLUPacked, "act_layer": nn.SiLU}
    if shape.tubelet > 1:
        traits["embed_layer"] = tubelet_embedding(card.window, shape.tubelet)
    return timm.models.vision_transformer.VisionTransformer(
        img_size=card.crop,
        patch_size=shape.patch,
        embed_dim=shape.width,
        depth=shape.depth,
        num_heads=shape.heads,
        mlp_ratio=_packed_ratio(shape) if shape.swiglu else shape.mlp_ratio,
        norm_layer=partial(nn.LayerNorm, eps=_NORM_EPSILON),
        class_token=shape.class_token,
        reg_tokens=shape.registers,
        no_embed_class=shape.registers > 0,
        global_pool=_POOLING[card.output],
        fc_norm=False,
        num_classes=0,
        **traits,
    )


def _packed_ratio(shape: VitShape) -> float:
    """Return the ratio of both halves of a gated layer, each two thirds wide and a multiple of 8."""
    half = (int(shape.width * shape.mlp_ratio * 2 / 3) + 7) // 8 * 8
    return 2 * half / shape.width


def _check(shape: VitShape, card: EncoderCard) -> None:
    if card.output not in _POOLING:
        raise unknown_name("output", card.output, _POOLING, card.name)
    if card.output == "cls" and not shape.class_token:
        raise UserError(
            f"architecture '{card.architecture}' has no class token", "use output: patch-mean", card.name
        )
    if card.dim != shape.width:
        raise UserError(
            f"architecture '{card.architecture}' gives {shape.width} dimensions, not {card.dim}",
            f"use dim: {shape.width}",
            card.name,
        )
    if card.crop % shape.patch:
        raise UserError(
            f"a crop of {card.crop} pixels is no whole number of patches",
            f"use a multiple of {shape.patch}",
            card.name,
        )
    if (card.window > 1) != (shape.tubelet > 1) or card.window % shape.tubelet:
        raise UserError(
            f"architecture '{card.architecture}' does not take a window of {card.window}",
            f"use a multiple of {shape.tubelet}" if shape.tubelet > 1 else "use window: 1",
            card.name,
        )


_SMALL = VitShape(patch=16, width=384, depth=12, heads=6)
_BASE = VitShape(patch=16, width=768, depth=12, heads=12)
_LARGE = VitShape(patch=16, width=1024, depth=24, heads=16)
_HUGE = VitShape(patch=14, width=1280, depth=32, heads=16)
_GIANT = VitShape(patch=16, width=1408, depth=40, heads=16, mlp_ratio=48 / 11)
_GIANT_DINOV2 = VitShape(patch=14, width=1536, depth=40, heads=24, swiglu=True)

SHAPES: dict[str, VitShape] = {
    "vit-s16": _SMALL,
    "vit-s8": replace(_SMALL, patch=8),
    "vit-s16-12heads": replace(_SMALL, heads=12),
    "vit-b16": _BASE,
    "vit-b8": replace(_BASE, patch=8),
    "vit-l16": _LARGE,
    "vit-h14": _HUGE,
    "vit-h14-patches": replace(_HUGE, class_token=False),
    "vit-h16-patches": replace(_HUGE, patch=16, class_token=False),
    "vit-g16-patches": replace(_GIANT, class_token=False),
    "vit-l16-tubelets": replace(_LARGE, class_token=False, tubelet=2),
    "vit-h16-tubelets": replace(_HUGE, patch=16, class_token=False, tubelet=2),
}
for _size, _base in {"s": _SMALL, "b": _BASE, "l": _LARGE, "g": _GIANT_DINOV2}.items():
    SHAPES[f"vit-{_size}14-dinov2"] = replace(_base, patch=14, layer_scale=True)
    SHAPES[f"vit-{_size}14-dinov2-registers"] = replace(_base, patch=14, layer_scale=True, registers=4)

for _name, _shape in SHAPES.items():
    ARCHITECTURES.register(_name)(partial(build_vit, _shape))
