"""SimCLR checkpoints in the published layout: TensorFlow 1's variable names, by order of making."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from support.tensor_bundle import write_bundle

BLOCKS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}


def convolutions(depth: int, width: int, sk: bool) -> Iterator[tuple[int, int, int, bool]]:
    """Yield (kernel, inputs, outputs, followed by a batch norm) of the base network in the order made."""
    stem = 64 * width
    if sk:
        yield from ((3, 3, stem // 2, True), (3, stem // 2, stem // 2, True), (3, stem // 2, stem, True))
    else:
        yield 7, 3, stem, True
    inputs = stem
    for stage, blocks in enumerate(BLOCKS[depth]):
        filters = stem * 2**stage
        for block in range(blocks):
            if block == 0:
                yield 1, inputs, 4 * filters, True
            yield 1, inputs, filters, True
            if sk:
                middle = max(filters // 16, 32)
                yield 3, filters, 2 * filters, True
                yield 1, filters, middle, True
                yield 1, middle, 2 * filters, False
            else:
                yield 3, filters, filters, True
            yield 1, filters, 4 * filters, True
            inputs = 4 * filters


def base_variables(depth: int, width: int, sk: bool) -> dict[str, np.ndarray]:
    """Return the base network's variables by TensorFlow 1 name, each value seeded by its name."""
    variables = {}
    norms = 0
    for index, (kernel, inputs, outputs, norm) in enumerate(convolutions(depth, width, sk)):
        name = f"base_model/conv2d{_suffix(index)}/kernel"
        shape = (kernel, kernel, inputs, outputs)
        variables[name] = _random(name, shape) * (2.0 / (kernel * kernel * inputs)) ** 0.5
        if not norm:
            continue
        scope = f"base_model/batch_normalization{_suffix(norms)}"
        norms += 1
        for kind, low, high in (
            ("gamma", 0.5, 1.0),
            ("beta", -0.2, 0.2),
            ("moving_mean", -0.2, 0.2),
            ("moving_variance", 0.5, 2.0),
        ):
            name = f"{scope}/{kind}"
            variables[name] = _generator(name).uniform(low, high, outputs)
    return {name: value.astype(np.float32) for name, value in variables.items()}


def write_simclr(folder: Path, depth: int = 50, width: int = 1, sk: bool = False) -> Path:
    """Write a pre-training checkpoint (base network, heads, optimiser, step); returns its .index file."""
    variables = base_variables(depth, width, sk)
    others = {
        "head_contrastive/nl_0/dense/kernel": np.ones((4, 4), np.float32),
        "head_contrastive/nl_0/batch_normalization/gamma": np.ones(4, np.float32),
        "head_supervised/linear_layer/dense/kernel": np.ones((4, 10), np.float32),
        "global_step": np.array(250228, np.int64),
    }
    for name in list(variables)[:6]:
        others[f"{name}/Momentum"] = np.full_like(variables[name], 7.0)
        others[f"ema_model/{name}"] = np.full_like(variables[name], 9.0)
    return write_bundle(folder / "model.ckpt-250228", {**variables, **others})


def _suffix(index: int) -> str:
    return f"_{index}" if index else ""


def _generator(name: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(name.encode()))


def _random(name: str, shape: tuple[int, ...]) -> np.ndarray:
    return _generator(name).standard_normal(shape)
