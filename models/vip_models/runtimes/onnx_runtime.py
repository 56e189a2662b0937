"""ONNX Runtime on the CPU in float32: runs everywhere; the other runtimes' errors are measured by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from vip_models.card import EncoderCard
from vip_models.export import INPUT_NAME, OUTPUT_NAME, cached_onnx
from vip_models.runtimes import RUNTIMES
from vip_ros.errors import UserError

CPU = "CPUExecutionProvider"


class OnnxNetwork:
    """An ONNX Runtime session on the CPU."""

    device = "cpu"
    runtime = "cpu"
    resizes = False

    def __init__(self, path: Path, threads: int) -> None:
        """Open a session; raises UserError when the file is not a model."""
        self._session = open_session(path, threads, [CPU])

    def run(self, batch: np.ndarray) -> np.ndarray:
        """Return float32 [N,dim] for uint8 [N,crop,crop,3]."""
        return self._session.run([OUTPUT_NAME], {INPUT_NAME: batch})[0]


def open_session(path: Path, threads: int, providers: list[Any]) -> Any:
    """Open an ONNX Runtime session; raises UserError when the file is not a model.

    Args:
        path: the ONNX file.
        threads: CPU threads, 0 for all cores.
        providers: names, or names with options, best first.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Spinning threads fight the simulator and the control loop for the same cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # onnxruntime raises its own unrelated classes
        raise UserError(f"not a usable ONNX model ({str(error)[:120]})", "delete it", str(path)) from None


@RUNTIMES.register("cpu")
def open_cpu(card: EncoderCard, weights: Path, sha256: str, threads: int) -> OnnxNetwork:
    """Open the encoder on the CPU."""
    path = cached_onnx(card, weights, sha256)
    try:
        return OnnxNetwork(path, threads)
    except UserError:
        # A cache entry spoilt by a full disk or another version is made anew, once.
        path.unlink(missing_ok=True)
        return OnnxNetwork(cached_onnx(card, weights, sha256), threads)
