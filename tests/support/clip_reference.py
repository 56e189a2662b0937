"""CLIP computed by other libraries than the project's: transformers and timm."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from timm.models.byobnet import ByobNet, checkpoint_filter_fn, model_cfgs
from transformers import (
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

_IMAGE_NAMES = {
    "visual.class_embedding": "vision_model.embeddings.class_embedding",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "visual.ln_pre": "vision_model.pre_layrnorm",
    "visual.ln_post": "vision_model.post_layernorm",
    "visual.transformer.resblocks": "vision_model.encoder.layers",
}
_TEXT_NAMES = {
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "token_embedding": "text_model.embeddings.token_embedding",
    "ln_final": "text_model.final_layer_norm",
    "transformer.resblocks": "text_model.encoder.layers",
}
_BLOCK_NAMES = {".ln_1.": ".layer_norm1.", ".ln_2.": ".layer_norm2.", ".c_fc.": ".fc1.", ".c_proj.": ".fc2."}


def vit_image_embedding(tensors: dict[str, Any], pixels: Any) -> Any:
    """Return transformers' embedding [N,D] of normalised pixels [N,3,S,S]."""
    width, dim = tensors["visual.proj"].shape
    config = CLIPVisionConfig(
        hidden_size=width,
        intermediate_size=4 * width,
        projection_dim=dim,
        num_hidden_layers=_layers(tensors, "visual.transformer.resblocks"),
        num_attention_heads=width // 64,
        patch_size=tensors["visual.conv1.weight"].shape[-1],
        image_size=pixels.shape[-1],
        hidden_act="quick_gelu",
    )
    state = _renamed(tensors, _IMAGE_NAMES) | {"visual_projection.weight": tensors["visual.proj"].T}
    model = _loaded(CLIPVisionModelWithProjection(config), state)
    with torch.no_grad():
        return model(pixels).image_embeds


def text_embedding(tensors: dict[str, Any], tokens: Any) -> Any:
    """Return transformers' embedding [N,D] of tokens [N,77]."""
    width, dim = tensors["text_projection"].shape
    config = CLIPTextConfig(
        hidden_size=width,
        intermediate_size=4 * width,
        projection_dim=dim,
        num_hidden_layers=_layers(tensors, "transformer.resblocks"),
        num_attention_heads=width // 64,
        hidden_act="quick_gelu",
        eos_token_id=49407,
    )
    state = _renamed(tensors, _TEXT_NAMES) | {"text_projection.weight": tensors["text_projection"].T}
    model = _loaded(CLIPTextModelWithProjection(config), state)
    with torch.no_grad():
        return model(tokens).text_embeds


def resnet_image_embedding(tensors: dict[str, Any], pixels: Any, blocks: int) -> Any:
    """Return timm's embedding [N,D] of normalised pixels [N,3,S,S]; each stage has so many blocks."""
    config = model_cfgs["resnet50_clip"]
    config = replace(config, blocks=tuple(replace(stage, d=blocks) for stage in config.blocks))
    dim = len(tensors["visual.attnpool.c_proj.bias"])
    model = ByobNet(config, num_classes=dim, img_size=pixels.shape[-1]).eval()
    model.load_state_dict(
        checkpoint_filter_fn({name: value.float() for name, value in tensors.items()}, model)
    )
    with torch.no_grad():
        return model(pixels)


def _layers(tensors: dict[str, Any], prefix: str) -> int:
    return len({name.removeprefix(prefix).split(".")[1] for name in tensors if name.startswith(prefix)})


def _renamed(tensors: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    state = {}
    for name, value in tensors.items():
        for old, new in names.items():
            if name == old or name.startswith(f"{old}."):
                target = new + name.removeprefix(old)
                for short, long in _BLOCK_NAMES.items():
                    target = target.replace(short, long)
                state |= _split_attention(target, value)
    return state


def _split_attention(name: str, value: Any) -> dict[str, Any]:
    if ".attn." not in name:
        return {name: value}
    block, part = name.split(".attn.")
    if not part.startswith("in_proj_"):
        return {f"{block}.self_attn.{part}": value}
    kind = part.removeprefix("in_proj_")
    return {f"{block}.self_attn.{x}_proj.{kind}": v for x, v in zip("qkv", value.chunk(3), strict=True)}


def _loaded(model: Any, state: dict[str, Any]) -> Any:
    missing, extra = model.load_state_dict(
        {name: value.float() for name, value in state.items()}, strict=False
    )
    assert not extra and all("position_ids" in name for name in missing), (missing, extra)
    return model.eval()
