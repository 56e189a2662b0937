"""SimCLR's TensorFlow checkpoints: variables named by the order in which they were made."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from vip_models.architectures import ARCHITECTURES
from vip_models.card import EncoderCard
from vip_models.converters import CONVERTERS, LayoutError
from vip_models.formats.tensor_bundle import TensorBundle
from vip_models.torch_tools import import_torch

_VARIABLE = re.compile(
    r"(?P<scope>.*/)?(?P<layer>conv2d|(?:sync_)?batch_normalization)(?:_(?P<number>\d+))?/(?P<kind>\w+)"
)
# What else a checkpoint holds under similar names: heads, the averaged copy, the optimiser's slots.
_OTHERS = re.compile(r"(^|/)(\w*head\w*|ema_model|Momentum|ExponentialMovingAverage)(/|$)")
_KINDS = {
    "kernel": "weight",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


@CONVERTERS.register("simclr")
def read_simclr(path: Path, card: EncoderCard) -> dict[str, Any]:
    """Read the base network of a TensorFlow 1 checkpoint, or of a TensorFlow 2 checkpoint or SavedModel.

    Raises:
        UserError: not a checkpoint, or one of a network with another number of layers.
    """
    torch = import_torch("reading weights")
    bundle = TensorBundle(path)
    found = _in_order(bundle.variable_keys())
    state = {}
    for layer, modules in _modules(card).items():
        variables = found.get(layer, [])
        if len(variables) != len(modules):
            raise LayoutError(
                f"the checkpoint has {len(variables)} {layer} layers, encoder '{card.name}' {len(modules)}",
                "choose the card of this depth and kind (sk: selective kernels)",
                str(path),
            )
        for module, kinds in zip(modules, variables, strict=True):
            for kind, key in kinds.items():
                values = bundle.read(key).astype(np.float32)
                # TensorFlow keeps kernels as height, width, input, output.
                values = values.transpose(3, 2, 0, 1) if values.ndim == 4 else values
                state[f"{module}.{_KINDS[kind]}"] = torch.from_numpy(np.ascontiguousarray(values))
    return state


def _modules(card: EncoderCard) -> dict[str, list[str]]:
    """Return the names of the network's convolutions and batch norms in the order they are made."""
    torch = import_torch("building an encoder")
    with torch.device("meta"):
        network = ARCHITECTURES.get(card.architecture)(card)
    kinds = {"conv2d": torch.nn.Conv2d, "batch_normalization": torch.nn.BatchNorm2d}
    modules = list(network.named_modules())
    return {
        layer: [name for name, module in modules if isinstance(module, kind)] for layer, kind in kinds.items()
    }


def _in_order(keys: dict[str, str]) -> dict[str, list[dict[str, str]]]:
    """Return the base network's variables: per layer type, in the order made, {kind: key}."""
    layers: dict[str, dict[int, dict[str, str]]] = {}
    for name, key in keys.items():
        match = _VARIABLE.fullmatch(name)
        if match is None or match["kind"] not in _KINDS or _OTHERS.search(name):
            continue
        layer = match["layer"].removeprefix("sync_")
        layers.setdefault(layer, {}).setdefault(int(match["number"] or 0), {})[match["kind"]] = key
    return {layer: [numbered[number] for number in sorted(numbered)] for layer, numbered in layers.items()}
