"""CLIP's weights in the published layout, random: names and shapes as in OpenAI's archives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

Shapes = dict[str, tuple[int, ...]]


def vit_image_tower(patch: int, width: int, layers: int, dim: int, side: int = 224) -> Shapes:
    """Return the shapes of a transformer's image tower."""
    tokens = (side // patch) ** 2 + 1
    return {
        "visual.class_embedding": (width,),
        "visual.positional_embedding": (tokens, width),
        "visual.proj": (width, dim),
        "visual.conv1.weight": (width, 3, patch, patch),
        **_norm("visual.ln_pre", width),
        **_norm("visual.ln_post", width),
        **_transformer("visual.transformer", width, layers),
    }


def resnet_image_tower(layers: tuple[int, ...] = (3, 4, 6, 3), dim: int = 1024, side: int = 224) -> Shapes:
    """Return the shapes of the image tower that is a residual network."""
    shapes: Shapes = {}
    for index, (inputs, outputs) in enumerate(((3, 32), (32, 32), (32, 64)), 1):
        shapes |= {
            f"visual.conv{index}.weight": (outputs, inputs, 3, 3),
            **_batch_norm(f"visual.bn{index}", outputs),
        }
    inputs = 64
    for stage, blocks in enumerate(layers, 1):
        planes = 32 * 2**stage
        for block in range(blocks):
            name = f"visual.layer{stage}.{block}"
            for index, shape in enumerate(
                ((planes, inputs, 1, 1), (planes, planes, 3, 3), (4 * planes, planes, 1, 1)), 1
            ):
                shapes |= {f"{name}.conv{index}.weight": shape, **_batch_norm(f"{name}.bn{index}", shape[0])}
            if block == 0:
                shapes[f"{name}.downsample.0.weight"] = (4 * planes, inputs, 1, 1)
                shapes |= _batch_norm(f"{name}.downsample.1", 4 * planes)
            inputs = 4 * planes
    shapes["visual.attnpool.positional_embedding"] = ((side // 32) ** 2 + 1, 2048)
    for part, outputs in (("q", 2048), ("k", 2048), ("v", 2048), ("c", dim)):
        shapes |= _linear(f"visual.attnpool.{part}_proj", 2048, outputs)
    return shapes


def text_tower(width: int, dim: int, layers: int = 12) -> Shapes:
    """Return the shapes of a text tower and of what belongs to neither tower."""
    return {
        "positional_embedding": (77, width),
        "text_projection": (width, dim),
        "logit_scale": (),
        "token_embedding.weight": (49408, width),
        **_norm("ln_final", width),
        **_transformer("transformer", width, layers),
    }


def random_tensors(shapes: Shapes, seed: int = 0) -> dict[str, Any]:
    """Return half-precision tensors that give activations of a sane size."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, shape in shapes.items():
        noise = torch.randn(shape, generator=generator)
        tensors[name] = (_VALUES.get(name.rsplit(".", 1)[-1], _weight)(name, noise)).half()
    return tensors


def save_archive(tensors: dict[str, Any], path: Path) -> Path:
    """Write tensors as OpenAI publishes them: a scripted module, with three numbers as buffers."""
    root = torch.nn.Module()
    numbers = {"input_resolution": 224, "context_length": 77, "vocab_size": 49408}
    for name, tensor in {**tensors, **{name: torch.tensor(value) for name, value in numbers.items()}}.items():
        *parents, leaf = name.split(".")
        module = root
        for parent in parents:
            if parent not in module._modules:
                module.add_module(parent, torch.nn.Module())
            module = module._modules[parent]
        module.register_buffer(leaf, tensor)
    torch.jit.save(torch.jit.script(root), path)
    return path


def _weight(name: str, noise: Any) -> Any:
    fan_in = noise[0].numel() if noise.ndim > 1 else 1
    if name.endswith(("proj", "projection")):
        fan_in = noise.shape[0]
    return noise * (2.0 / max(fan_in, 1)) ** 0.5 if noise.ndim > 1 and "bn" not in name else 1 + 0.1 * noise


_VALUES: dict[str, Callable[[str, Any], Any]] = {
    "bias": lambda _, noise: 0.1 * noise,
    "in_proj_bias": lambda _, noise: 0.1 * noise,
    "running_mean": lambda _, noise: 0.1 * noise,
    "running_var": lambda _, noise: 0.5 + noise.abs(),
    "positional_embedding": lambda _, noise: 0.1 * noise,
    "class_embedding": lambda _, noise: 0.1 * noise,
    "logit_scale": lambda _, noise: noise,
    "num_batches_tracked": lambda _, noise: torch.tensor(1.0),
}


def _norm(name: str, width: int) -> Shapes:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def _batch_norm(name: str, width: int) -> Shapes:
    statistics = {f"{name}.running_mean": (width,), f"{name}.running_var": (width,)}
    return {**_norm(name, width), **statistics, f"{name}.num_batches_tracked": ()}


def _linear(name: str, inputs: int, outputs: int) -> Shapes:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _transformer(name: str, width: int, layers: int) -> Shapes:
    shapes: Shapes = {}
    for layer in range(layers):
        block = f"{name}.resblocks.{layer}"
        shapes |= {
            f"{block}.attn.in_proj_weight": (3 * width, width),
            f"{block}.attn.in_proj_bias": (3 * width,),
        }
        shapes |= {**_linear(f"{block}.attn.out_proj", width, width), **_norm(f"{block}.ln_1", width)}
        shapes |= {
            **_linear(f"{block}.mlp.c_fc", width, 4 * width),
            **_linear(f"{block}.mlp.c_proj", 4 * width, width),
        }
        shapes |= _norm(f"{block}.ln_2", width)
    return shapes
