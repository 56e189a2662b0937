"""OpenVINO on the CPU, in float32 or in 16 bits where the processor computes in them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from vip_models.card import EncoderCard
from vip_models.export import cached_onnx
from vip_models.runtimes import RUNTIMES
from vip_ros.errors import UserError
from vip_ros.extras import install_extra

# Name in the registry → OpenVINO's name of the precision, and the capability that the device must list.
PRECISIONS = {
    "openvino": ("f32", "FP32"),
    "openvino-bf16": ("bf16", "BF16"),
    "openvino-f16": ("f16", "FP16"),
}


class OpenVinoNetwork:
    """A compiled OpenVINO model; safe to run from several threads, one at a time."""

    device = "cpu"
    resizes = False

    def __init__(self, path: Path, runtime: str, threads: int) -> None:
        """Compile the model.

        Raises:
            UserError: OpenVINO is missing, the processor lacks the precision, or the file is not a model.
        """
        self.runtime = runtime
        precision, capability = PRECISIONS[runtime]
        core = openvino_core()
        able = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if capability not in able:
            raise UserError(
                f"this processor does not compute in {precision}", "use runtime openvino or cpu; it has "
                f"{', '.join(sorted(able))}"
            )  # fmt: skip
        options = {
            # The default precision is the fastest one, without a word about its error.
            "INFERENCE_PRECISION_HINT": precision,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            # Threads bound to cores wait behind whatever else runs there.
            "ENABLE_CPU_PINNING": False,
        }
        try:
            self._model = core.compile_model(core.read_model(path), "CPU", options)
        except RuntimeError as error:  # OpenVINO's own class is no help either
            raise UserError(f"not a usable ONNX model ({str(error)[:120]})", "delete it", str(path)) from None
        self._request = self._model.create_infer_request()
        self._lock = threading.Lock()

    def run(self, batch: np.ndarray) -> np.ndarray:
        """Return float32 [N,dim] for uint8 [N,crop,crop,3]."""
        with self._lock:
            self._request.infer({0: np.ascontiguousarray(batch)}, share_inputs=True)
            return self._request.get_output_tensor(0).data.copy()


@cache
def openvino_core() -> Any:
    """Return the process's one OpenVINO core, its CPU device loaded.

    Loading that device gives the calling thread another stack for its signal handlers, and unloading it frees
    that stack, whichever thread does so: where the two threads differ, the first one dies of its next signal.
    So it is loaded in a thread that ends at once, and never unloaded.

    Raises:
        UserError: OpenVINO is missing.
    """
    openvino = _openvino()
    with ThreadPoolExecutor(1) as loader:
        return loader.submit(_load_core, openvino).result()


def _load_core(openvino: Any) -> Any:
    core = openvino.Core()
    core.get_property("CPU", "FULL_DEVICE_NAME")
    return core


def _openvino() -> Any:
    try:
        import openvino
    except ImportError as error:
        raise UserError(
            f"the OpenVINO runtimes need openvino ({error})", f"{install_extra('cpu')}, or runtime cpu"
        ) from None
    return openvino


def _open(runtime: str, card: EncoderCard, weights: Path, sha256: str, threads: int) -> OpenVinoNetwork:
    return OpenVinoNetwork(cached_onnx(card, weights, sha256), runtime, threads)


for _name in PRECISIONS:
    RUNTIMES.register(_name)(partial(_open, _name))
