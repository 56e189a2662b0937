"""The image and text towers of CLIP, from open_clip; LIV is one of them, trained on.

CLIP's ResNet-50 is not torchvision's: three convolutions in the stem, pooling before strides, attention
instead of an average at the end. The transformers use the sigmoid approximation of GELU that OpenAI trained
with.
"""

from __future__ import annotations

from typing import Any

from vip_models.architectures import ARCHITECTURES
from vip_models.card import EncoderCard
from vip_models.torch_tools import import_open_clip
from vip_ros.errors import InternalError, UserError

# Architecture -> open_clip's name for OpenAI's variant.
VARIANTS = {
    "clip-rn50": "RN50-quickgelu",
    "clip-vit-b32": "ViT-B-32-quickgelu",
    "clip-vit-b16": "ViT-B-16-quickgelu",
    "clip-vit-l14": "ViT-L-14-quickgelu",
}
_HEAD_WIDTH = 64


def _config(card: EncoderCard) -> dict[str, Any]:
    if card.architecture not in VARIANTS:
        raise InternalError(f"architecture '{card.architecture}' is not one of CLIP's")
    config = import_open_clip().get_model_config(VARIANTS[card.architecture])
    if config["embed_dim"] != card.dim:
        raise UserError(
            f"card '{card.name}': {card.architecture} gives {config['embed_dim']} values", "mend dim"
        )
    return config


def build_image_tower(card: EncoderCard) -> Any:
    """Build the card's untrained image tower, float [N,3,crop,crop] → [N,dim]."""
    vision = _config(card)["vision_cfg"]
    open_clip = import_open_clip()
    if isinstance(vision["layers"], list):
        heads = vision["width"] * 32 // _HEAD_WIDTH
        return open_clip.modified_resnet.ModifiedResNet(
            vision["layers"], card.dim, heads, card.crop, vision["width"]
        )
    return open_clip.transformer.VisionTransformer(
        image_size=card.crop,
        patch_size=vision["patch_size"],
        width=vision["width"],
        layers=vision["layers"],
        heads=vision["width"] // _HEAD_WIDTH,
        mlp_ratio=4.0,
        output_dim=card.dim,
        act_layer=open_clip.transformer.QuickGELU,
    )


def build_text_tower(card: EncoderCard) -> Any:
    """Build the card's untrained text tower, tokens int64 [N,77] → float [N,dim]."""
    text = _config(card)["text_cfg"]
    transformer = import_open_clip().transformer
    return transformer.TextTransformer(
        **text, output_dim=card.dim, act_layer=transformer.QuickGELU, pool_type="argmax"
    )


for _name in VARIANTS:
    ARCHITECTURES.register(_name)(build_image_tower)
