"""Published files that hold a torchvision-named residual network, random, with all that lies beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

# Encoder -> (depth, what the file looks like around the network's tensors).
DEPTHS = {
    "vip-resnet50": 50,
    "vip-resnet18": 18,
    "r3m-resnet18": 18,
    "r3m-resnet34": 34,
    "r3m-resnet50": 50,
    "supervised-resnet50": 50,
    "moco-v1-resnet50": 50,
    "moco-v2-resnet50": 50,
    "moco-v3-resnet50": 50,
}
_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}


def backbone(depth: int, seed: int = 0) -> dict[str, Any]:
    """Return a residual network's tensors without the last layer, batch-norm statistics far from 0 and 1."""
    generator = torch.Generator().manual_seed(seed)
    state: dict[str, Any] = {}

    def conv(name: str, outputs: int, inputs: int, kernel: int) -> None:
        noise = torch.randn(outputs, inputs, kernel, kernel, generator=generator)
        state[f"{name}.weight"] = noise * (2.0 / (inputs * kernel * kernel)) ** 0.5

    def norm(name: str, width: int) -> None:
        state[f"{name}.weight"] = 0.5 + 0.5 * torch.rand(width, generator=generator)
        state[f"{name}.bias"] = 0.2 * torch.randn(width, generator=generator)
        state[f"{name}.running_mean"] = 0.2 * torch.randn(width, generator=generator)
        state[f"{name}.running_var"] = 0.5 + torch.rand(width, generator=generator)
        state[f"{name}.num_batches_tracked"] = torch.tensor(1000)

    conv("conv1", 64, 3, 7)
    norm("bn1", 64)
    inputs, expansion = 64, 4 if depth == 50 else 1
    for stage, blocks in enumerate(_BLOCKS[depth]):
        planes = 64 * 2**stage
        for block in range(blocks):
            name = f"layer{stage + 1}.{block}"
            kernels = (1, 3, 1) if depth == 50 else (3, 3)
            widths = [inputs, *(planes for _ in kernels[:-1]), planes * expansion]
            for index, kernel in enumerate(kernels):
                conv(f"{name}.conv{index + 1}", widths[index + 1], widths[index], kernel)
                norm(f"{name}.bn{index + 1}", widths[index + 1])
            if inputs != planes * expansion:
                conv(f"{name}.downsample.0", planes * expansion, inputs, 1)
                norm(f"{name}.downsample.1", planes * expansion)
            inputs = planes * expansion
    return state


def linear(name: str, outputs: int, inputs: int, seed: int = 1) -> dict[str, Any]:
    """Return a linear layer's tensors."""
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(outputs, inputs, generator=generator) / inputs**0.5
    return {f"{name}.weight": weight, f"{name}.bias": torch.randn(outputs, generator=generator)}


def published(name: str, seed: int = 0) -> dict[str, Any]:
    """Return the content of an encoder's file as its authors lay it out."""
    depth = DEPTHS[name]
    network, width = backbone(depth, seed), 2048 if depth == 50 else 512
    other = {key: value + 1 for key, value in network.items() if key.startswith(("conv1", "layer1"))}
    if name.startswith("vip"):
        head = linear("fc", 1024, width)
        return {"vip": _prefixed("module.convnet.", {**network, **head}), "global_step": 1000000}
    if name.startswith("r3m"):
        language = {"module.lang_enc.model.embeddings.word_embeddings.weight": torch.ones(10, 4)}
        reward = {"module.lang_rew.pred.0.weight": torch.ones(4, 4)}
        return {"r3m": {**_prefixed("module.convnet.", network), **language, **reward}, "global_step": 1}
    if name.startswith("supervised"):
        return {**network, **linear("fc", 1000, width)}
    if name.startswith("moco-v3"):
        ours = {**network, "fc.0.weight": torch.ones(4, width), "fc.1.running_mean": torch.ones(4)}
        state = {
            **_prefixed("module.base_encoder.", ours),
            **_prefixed("module.momentum_encoder.", other),
            "module.predictor.0.weight": torch.ones(4, 4),
        }
        return {
            "epoch": 1000,
            "arch": "resnet50",
            "state_dict": state,
            "optimizer": {"state": {}},
            "scaler": {},
        }
    head = (
        linear("fc", 128, width)
        if name.startswith("moco-v1")
        else {**linear("fc.0", 2048, width), **linear("fc.2", 128, 2048)}
    )
    state = {
        **_prefixed("module.encoder_q.", {**network, **head}),
        **_prefixed("module.encoder_k.", other),
        "module.queue": torch.ones(128, 16),
        "module.queue_ptr": torch.zeros(1, dtype=torch.int64),
    }
    return {"epoch": 200, "arch": "resnet50", "state_dict": state, "optimizer": {"state": {}}}


def write_published(name: str, path: Path, seed: int = 0) -> Path:
    """Write an encoder's file as its authors lay it out."""
    torch.save(published(name, seed), path)
    return path


def _prefixed(prefix: str, tensors: dict[str, Any]) -> dict[str, Any]:
    return {f"{prefix}{key}": value for key, value in tensors.items()}
