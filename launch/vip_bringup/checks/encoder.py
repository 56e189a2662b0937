"""The encoder runtime, the GPU and the weights that are present."""

from __future__ import annotations

import shutil
from pathlib import Path

from vip_bringup.checks import CHECKS, FAIL, NOTE, OK, Finding

_NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")


@CHECKS.register("encoder")
def check() -> list[Finding]:
    """Report ONNX Runtime's providers and which encoders are ready."""
    return [_runtime(), _weights()]


def _runtime() -> Finding:
    try:
        import onnxruntime
    except ImportError as error:
        return Finding(
            FAIL, f"ONNX Runtime does not load: {error}", "run ./vip again to renew the environment"
        )
    providers = [name.removesuffix("ExecutionProvider") for name in onnxruntime.get_available_providers()]
    what = f"ONNX Runtime {onnxruntime.__version__}, providers: {', '.join(providers)}"
    has_gpu = _NVIDIA_DRIVER.exists() or shutil.which("nvidia-smi") is not None
    if has_gpu and "CUDA" not in providers:
        mend = "run: VIP_EXTRAS=train,encoders,cpu,dev,gpu ./vip doctor"
        return Finding(NOTE, f"{what}; the GPU is not used", mend)
    return Finding(OK, what)


def _weights() -> Finding:
    from vip_models import card_names, load_card
    from vip_models.weights import default_weights

    names = card_names()
    ready = [name for name in names if default_weights(load_card(name)).is_file()]
    what = f"weights present for {len(ready)} of {len(names)} encoders: {', '.join(ready) or 'none'}"
    if not ready:
        return Finding(FAIL, what, "fetch some: vip models list, then vip models fetch NAME")
    return Finding(OK, what)
