"""The corners where torch has to be handled with care: optional, CPU-only, or with too many threads."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from vip_ros.errors import UserError
from vip_ros.extras import install_extra

# Operators whose compiled half is missing when torchvision was built for another torch; importing
# torchvision only needs their schemas to exist.
_COMPILED_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_keep_alive: list[Any] = []


def available_cores() -> int:
    """Return the CPU cores this process may use (affinity and cgroup quota)."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = Path("/sys/fs/cgroup/cpu.max")
    if quota.is_file():
        limit, period = quota.read_text().split()
        if limit != "max":
            cores = min(cores, max(1, int(limit) // int(period)))
    return cores


def import_torch(purpose: str) -> ModuleType:
    """Import torch; raises UserError that names the purpose when it is not installed."""
    try:
        return importlib.import_module("torch")
    except ImportError as error:
        raise UserError(f"{purpose} needs torch ({error})", f"run: {install_extra('train')}") from None


def import_torchvision_models() -> ModuleType:
    """Import torchvision.models, also where torchvision's compiled operators do not fit a CPU-only torch."""
    torch = import_torch("building an encoder")
    try:
        return importlib.import_module("torchvision.models")
    except ImportError as error:
        raise UserError(
            f"building an encoder needs torchvision ({error})",
            f"run: {install_extra('train')}",
        ) from None
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "DEF")
    for schema in _COMPILED_OPERATORS:
        library.define(schema)
    _keep_alive.append(library)  # the schemas vanish with the library object
    return importlib.import_module("torchvision.models")


def import_timm() -> ModuleType:
    """Import timm, which itself imports torchvision; raises UserError when it is not installed."""
    import_torchvision_models()
    try:
        importlib.import_module("timm.models.vision_transformer")
        return importlib.import_module("timm")
    except ImportError as error:
        raise UserError(
            f"building a vision transformer needs timm ({error})",
            f"run: {install_extra('encoders')}",
        ) from None


def import_open_clip() -> ModuleType:
    """Import open_clip, which itself imports torchvision; raises UserError when it is not installed."""
    import_torchvision_models()
    try:
        return importlib.import_module("open_clip")
    except ImportError as error:
        raise UserError(
            f"CLIP and LIV need open_clip ({error})",
            f"run: {install_extra('encoders')}",
        ) from None
