"""The published vision transformers as their authors' files name and shape them, with random weights.

Written from the authors' code, independently of the builders under test: names, shapes, heads, and what
else the files hold. `tiny` keeps a family's traits and makes it quick.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

FRAMES_PER_TUBELET = 2


@dataclass(frozen=True)
class Published:
    """A published transformer: its family, and the numbers in its authors' configuration."""

    family: str
    patch: int
    width: int
    depth: int
    heads: int
    grid: int = 14  # patches per side that the position embedding has
    hidden: int = 0  # width of the hidden layer; 0: four tokens
    swiglu: bool = False
    registers: int = 0
    tubelets: int = 0  # along time; 0: single pictures

    @property
    def mlp(self) -> int:
        return self.hidden or 4 * self.width

    @property
    def gated(self) -> int:
        """Width of each half of a gated hidden layer: two thirds, rounded up to a multiple of eight."""
        return -(-(self.mlp * 2 // 3) // 8) * 8

    @property
    def class_token(self) -> bool:
        return self.family not in ("ijepa", "vjepa")

    @property
    def crop(self) -> int:
        return self.grid * self.patch


def _dinov2(width: int, depth: int, heads: int, registers: int, swiglu: bool = False) -> Published:
    return Published("dinov2", 14, width, depth, heads, grid=37, registers=registers, swiglu=swiglu)


PUBLISHED = {
    "dino-vit-s16": Published("dino", 16, 384, 12, 6),
    "dino-vit-s8": Published("dino", 8, 384, 12, 6, grid=28),
    "dino-vit-b16": Published("dino", 16, 768, 12, 12),
    "dino-vit-b8": Published("dino", 8, 768, 12, 12, grid=28),
    "dinov2-vit-s14": _dinov2(384, 12, 6, 0),
    "dinov2-vit-b14": _dinov2(768, 12, 12, 0),
    "dinov2-vit-l14": _dinov2(1024, 24, 16, 0),
    "dinov2-vit-g14": _dinov2(1536, 40, 24, 0, swiglu=True),
    "dinov2-vit-s14-reg": _dinov2(384, 12, 6, 4),
    "dinov2-vit-b14-reg": _dinov2(768, 12, 12, 4),
    "dinov2-vit-l14-reg": _dinov2(1024, 24, 16, 4),
    "dinov2-vit-g14-reg": _dinov2(1536, 40, 24, 4, swiglu=True),
    "mae-vit-b16": Published("mae", 16, 768, 12, 12),
    "mae-vit-l16": Published("mae", 16, 1024, 24, 16),
    "mae-vit-h14": Published("mae", 14, 1280, 32, 16, grid=16),
    "moco-v3-vit-s16": Published("moco-v3", 16, 384, 12, 12),
    "moco-v3-vit-b16": Published("moco-v3", 16, 768, 12, 12),
    "ijepa-vit-h14": Published("ijepa", 14, 1280, 32, 16, grid=16),
    "ijepa-vit-h14-in22k": Published("ijepa", 14, 1280, 32, 16, grid=16),
    "ijepa-vit-h16-448": Published("ijepa", 16, 1280, 32, 16, grid=28),
    "ijepa-vit-g16-in22k": Published("ijepa", 16, 1408, 40, 16, hidden=6144),
    "vjepa-vit-l16": Published("vjepa", 16, 1024, 24, 16, tubelets=8),
    "vjepa-vit-h16": Published("vjepa", 16, 1280, 32, 16, tubelets=8),
    "vjepa-vit-h16-384": Published("vjepa", 16, 1280, 32, 16, grid=24, tubelets=8),
}


def tiny(published: Published, grid: int = 3) -> Published:
    """Return the same family with two blocks, eight dimensions per head and a few patches."""
    width = 8 * published.heads
    hidden = int(width * published.hidden / published.width)
    return replace(published, width=width, depth=2, grid=grid, hidden=hidden)


def official_shapes(published: Published) -> dict[str, tuple[int, ...]]:
    """Return the encoder's tensors by the authors' names."""
    width, hidden, patch = published.width, published.mlp, published.patch
    tokens = published.grid**2 * (published.tubelets or 1) + published.class_token
    kernel = (FRAMES_PER_TUBELET,) * (published.tubelets > 0) + (patch, patch)
    shapes: dict[str, tuple[int, ...]] = {
        "pos_embed": (1, tokens, width),
        "patch_embed.proj.weight": (width, 3, *kernel),
        "patch_embed.proj.bias": (width,),
        "norm.weight": (width,),
        "norm.bias": (width,),
    }
    if published.class_token:
        shapes["cls_token"] = (1, 1, width)
    if published.registers:
        shapes["register_tokens"] = (1, published.registers, width)
    if published.family == "dinov2":
        shapes["mask_token"] = (1, width)
    layers = {"attn.qkv": (3 * width, width), "attn.proj": (width, width)}
    if published.swiglu:
        layers |= {"mlp.w12": (2 * published.gated, width), "mlp.w3": (width, published.gated)}
    else:
        layers |= {"mlp.fc1": (hidden, width), "mlp.fc2": (width, hidden)}
    for index in range(published.depth):
        block = f"blocks.{index}"
        for norm in ("norm1", "norm2"):
            shapes |= {f"{block}.{norm}.weight": (width,), f"{block}.{norm}.bias": (width,)}
        for layer, shape in layers.items():
            shapes |= {f"{block}.{layer}.weight": shape, f"{block}.{layer}.bias": shape[:1]}
        if published.family == "dinov2":
            shapes |= {f"{block}.ls1.gamma": (width,), f"{block}.ls2.gamma": (width,)}
    return shapes


def official_state(published: Published, seed: int = 0) -> dict[str, Any]:
    """Return random tensors under the authors' names, of a size that keeps activations near one."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, shape in official_shapes(published).items():
        fan_in = torch.Size(shape[1:]).numel() if len(shape) > 1 and name.endswith("weight") else 1
        noise = torch.randn(shape, generator=generator)
        matrix = name.endswith("weight") and len(shape) > 1
        state[name] = noise * fan_in**-0.5 if matrix else 0.3 * noise + (name.endswith((".weight", "gamma")))
    return state


def write_checkpoint(published: Published, state: dict[str, Any], path: Path) -> Path:
    """Write the tensors as the family's authors do, among all else that their files hold."""
    torch.save(_WRITERS[published.family](state), path)
    return path


def _prefixed(prefix: str, state: dict[str, Any]) -> dict[str, Any]:
    return {prefix + name: tensor for name, tensor in state.items()}


def _others(state: dict[str, Any]) -> dict[str, Any]:
    """Return the same names with other values: what a loader must not take."""
    return {name: tensor + 1.0 for name, tensor in state.items()}


def _mae(state: dict[str, Any]) -> dict[str, Any]:
    decoder = {"decoder_embed.weight": torch.ones(8, 4), "decoder_pos_embed": torch.ones(1, 5, 8)}
    model = {**state, "mask_token": torch.ones(1, 1, 8), **decoder}
    return {"model": model, "epoch": 799, "args": argparse.Namespace(mask_ratio=0.75, model="mae_vit")}


def _moco_v3(state: dict[str, Any]) -> dict[str, Any]:
    width = state["cls_token"].shape[-1]
    head = {"head.0.weight": torch.ones(16, width), "head.1.running_mean": torch.ones(16)}
    both = {
        **_prefixed("module.base_encoder.", {**state, **head}),
        **_prefixed("module.momentum_encoder.", {**_others(state), **head}),
        "module.predictor.0.weight": torch.ones(16, 16),
    }
    return {"epoch": 300, "arch": "vit_small", "state_dict": both, "optimizer": {"state": {}}, "scaler": {}}


def _jepa(prefix: str) -> Any:
    def content(state: dict[str, Any]) -> dict[str, Any]:
        return {
            "encoder": _prefixed(prefix, _others(state)),
            "predictor": {prefix + "predictor_embed.weight": torch.ones(4, 4)},
            "target_encoder": _prefixed(prefix, state),
            "opt": {"state": {0: {"exp_avg": torch.ones(1000)}}, "param_groups": [{"lr": 1e-3}]},
            "scaler": {"scale": 65536.0},
            "epoch": 300,
            "loss": 0.1,
            "batch_size": 16,
            "world_size": 16,
            "lr": 1e-6,
        }

    return content


_WRITERS: dict[str, Any] = {
    "dino": dict,
    "dinov2": dict,
    "mae": _mae,
    "moco-v3": _moco_v3,
    "ijepa": _jepa("module."),
    "vjepa": _jepa("module.backbone."),
}
