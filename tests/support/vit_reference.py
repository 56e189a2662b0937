"""The same transformers in Hugging Face's implementation, which shares no code with timm's."""

from __future__ import annotations

from typing import Any

import torch
from support.vit_checkpoint import FRAMES_PER_TUBELET, Published

from vip_models.torch_tools import import_torchvision_models

import_torchvision_models()  # transformers imports torchvision
import transformers  # noqa: E402

EPSILON = 1e-6
_EMBEDDINGS = {
    "pos_embed": "embeddings.position_embeddings",
    "cls_token": "embeddings.cls_token",
    "mask_token": "embeddings.mask_token",
    "register_tokens": "embeddings.register_tokens",
    "patch_embed.proj.weight": "embeddings.patch_embeddings.projection.weight",
    "patch_embed.proj.bias": "embeddings.patch_embeddings.projection.bias",
    "norm.weight": "layernorm.weight",
    "norm.bias": "layernorm.bias",
}
_VIT = {
    "layer": "layers.{}.",
    "qkv": ("attention.q_proj.", "attention.k_proj.", "attention.v_proj."),
    "attn.proj.": "attention.o_proj.",
    "norm1.": "layernorm_before.",
    "norm2.": "layernorm_after.",
    "mlp.fc1.": "mlp.fc1.",
    "mlp.fc2.": "mlp.fc2.",
}
_DINOV2 = _VIT | {
    "layer": "encoder.layer.{}.",
    "norm1.": "norm1.",
    "norm2.": "norm2.",
    "ls1.gamma": "layer_scale1.lambda1",
    "ls2.gamma": "layer_scale2.lambda1",
    "w12": ("mlp.gate_proj.", "mlp.up_proj."),
    "mlp.w3.": "mlp.down_proj.",
}
_VIDEOMAE = _VIT | {
    "layer": "encoder.layer.{}.",
    "qkv": ("attention.attention.query.", "attention.attention.key.", "attention.attention.value."),
    "attn.proj.": "attention.output.dense.",
    "mlp.fc1.": "intermediate.dense.",
    "mlp.fc2.": "output.dense.",
}


def reference(published: Published, state: dict[str, Any], pixels: Any, output: str) -> Any:
    """Return embeddings [N,D] of normalised pixels [N,3,S,S], or of clips [N,3,T,S,S].

    Args:
        published: the transformer.
        state: its tensors by the authors' names.
        pixels: the input.
        output: "cls" or "patch-mean", both after the last norm.
    """
    model, names = _model(published, pixels.shape[-1])
    unfit = model.load_state_dict(_renamed(state, names), strict=False)
    # VideoMAE computes its positions, and its keys have no bias, which no softmax would notice.
    assert all("position_embeddings" in n or n.endswith("key.bias") for n in unfit.unexpected_keys)
    assert all(name.startswith("pooler") for name in unfit.missing_keys), unfit.missing_keys
    inputs: dict[str, Any] = {}
    if published.family == "vjepa":
        model.embeddings.position_embeddings = state["pos_embed"]
        pixels = pixels.transpose(1, 2)
    if published.family == "mae":  # in order, so that nothing is shuffled or masked
        inputs["noise"] = torch.arange((pixels.shape[-1] // published.patch) ** 2).repeat(len(pixels), 1)
    with torch.no_grad():
        tokens = model.eval()(pixels, **inputs).last_hidden_state
    if output == "cls":
        return tokens[:, 0]
    return tokens[:, published.class_token + published.registers :].mean(dim=1)


def _model(published: Published, size: int) -> tuple[Any, dict[str, Any]]:
    common: dict[str, Any] = {
        "hidden_size": published.width,
        "num_hidden_layers": published.depth,
        "num_attention_heads": published.heads,
        "image_size": size,
        "patch_size": published.patch,
        "layer_norm_eps": EPSILON,
    }
    if published.family == "dinov2":
        native = common | {"image_size": published.crop, "use_swiglu_ffn": published.swiglu}
        if published.registers:
            config = transformers.Dinov2WithRegistersConfig(**native, num_register_tokens=published.registers)
            return transformers.Dinov2WithRegistersModel(config), _DINOV2
        return transformers.Dinov2Model(transformers.Dinov2Config(**native)), _DINOV2
    common["intermediate_size"] = published.mlp
    if published.family == "mae":
        return transformers.ViTMAEModel(transformers.ViTMAEConfig(**common, mask_ratio=0.0)), _VIT
    if published.family == "ijepa":
        return transformers.IJepaModel(transformers.IJepaConfig(**common)), _VIT
    if published.family == "vjepa":
        frames = published.tubelets * FRAMES_PER_TUBELET
        config = transformers.VideoMAEConfig(
            **common, num_frames=frames, tubelet_size=FRAMES_PER_TUBELET, use_mean_pooling=False
        )
        return transformers.VideoMAEModel(config), _VIDEOMAE
    return transformers.ViTModel(transformers.ViTConfig(**common)), _VIT


def _renamed(state: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    renamed = {}
    for name, tensor in state.items():
        if not name.startswith("blocks."):
            renamed[_EMBEDDINGS[name]] = tensor
            continue
        _, index, rest = name.split(".", 2)
        layer = names["layer"].format(index)
        for packed, key in (("attn.qkv.", "qkv"), ("mlp.w12.", "w12")):
            if rest.startswith(packed):
                kind = rest.removeprefix(packed)
                parts = tensor.chunk(len(names[key]))
                renamed |= {layer + part + kind: value for part, value in zip(names[key], parts, strict=True)}
                break
        else:
            old = next(old for old in names if rest.startswith(old))
            renamed[layer + rest.replace(old, names[old])] = tensor
    return renamed
