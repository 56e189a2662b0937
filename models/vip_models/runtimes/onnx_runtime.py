"""ONNX Runtime on the CPU or a CUDA device."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime

from vip_models.card import EncoderCard
from vip_models.export import INPUT_NAME, OUTPUT_NAME, cached_onnx
from vip_models.runtimes import RUNTIMES
from vip_ros.errors import UserError

_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


class OnnxNetwork:
    """An ONNX Runtime session; `device` says where it really runs."""

    def __init__(self, path: Path, threads: int, providers: list[str]) -> None:
        """Open a session; raises UserError when the file is not a model."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Spinning threads fight the simulator and the control loop for the same cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=providers)
        except Exception as error:  # onnxruntime raises its own unrelated classes
            raise UserError(f"not a usable ONNX model ({str(error)[:120]})", "delete it", str(path)) from None
        # What the session uses, not what was asked for: it falls back to the CPU without a word.
        self.device = "cuda" if self._session.get_providers()[0] == _CUDA else "cpu"

    def run(self, batch: np.ndarray) -> np.ndarray:
        """Return float32 [N,dim] for uint8 [N,crop,crop,3]."""
        return self._session.run([OUTPUT_NAME], {INPUT_NAME: batch})[0]


def _open(card: EncoderCard, weights: Path, sha256: str, threads: int, providers: list[str]) -> OnnxNetwork:
    path = cached_onnx(card, weights, sha256)
    try:
        return OnnxNetwork(path, threads, providers)
    except UserError:
        # A cache entry spoilt by a full disk or another version is made anew, once.
        path.unlink(missing_ok=True)
        return OnnxNetwork(cached_onnx(card, weights, sha256), threads, providers)


@RUNTIMES.register("cpu")
def open_cpu(card: EncoderCard, weights: Path, sha256: str, threads: int) -> OnnxNetwork:
    """Open the encoder on the CPU."""
    return _open(card, weights, sha256, threads, [_CPU])


@RUNTIMES.register("cuda")
def open_cuda(card: EncoderCard, weights: Path, sha256: str, threads: int) -> OnnxNetwork:
    """Open the encoder on a CUDA device; raises UserError when it would run on the CPU instead."""
    if _CUDA in onnxruntime.get_available_providers():
        network = _open(card, weights, sha256, threads, [_CUDA, _CPU])
        if network.device == "cuda":
            return network
    raise UserError(
        "ONNX Runtime has no usable CUDA device",
        "install 'vip-robot[gpu]' and the CUDA libraries it names, or choose runtime auto",
    )


@RUNTIMES.register("auto")
def open_best(card: EncoderCard, weights: Path, sha256: str, threads: int) -> OnnxNetwork:
    """Open the encoder on CUDA where it works, else on the CPU."""
    wanted = [p for p in (_CUDA, _CPU) if p in onnxruntime.get_available_providers()]
    return _open(card, weights, sha256, threads, wanted)
