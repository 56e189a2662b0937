"""The runtime that this machine was tuned for, else CUDA where it works, else the CPU."""

from __future__ import annotations

from pathlib import Path

import onnxruntime

from vip_models.card import EncoderCard
from vip_models.runtimes import RUNTIMES, Network
from vip_models.runtimes.onnx_device import CUDA, NoDeviceError
from vip_models.tuning_store import stored_tuning


@RUNTIMES.register("auto")
def open_best(card: EncoderCard, weights: Path, sha256: str, threads: int) -> Network:
    """Open the encoder where `vip models export --tune` found it fastest, else on CUDA, else on the CPU."""
    tuning = stored_tuning(card, sha256)
    if tuning is not None:
        try:
            return RUNTIMES.get(tuning.choice)(card, weights, sha256, threads)
        except NoDeviceError:  # it was there when the machine was tuned
            pass
    if CUDA in onnxruntime.get_available_providers():
        try:
            return RUNTIMES.get("cuda")(card, weights, sha256, threads)
        except NoDeviceError:  # built for CUDA, but there is none: the CPU does the same, only slower
            pass
    return RUNTIMES.get("cpu")(card, weights, sha256, threads)
