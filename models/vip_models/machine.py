"""What this machine is, as far as the speed of an encoder depends on it."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from vip_models.torch_tools import available_cores

# Instructions that 16-bit or 8-bit networks run on, as Linux names them.
_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16", "amx_fp16", "amx_int8")
_RUNTIMES = ("onnxruntime", "onnxruntime-gpu", "openvino")


@dataclass(frozen=True)
class Machine:
    """A processor and the inference runtimes that are installed.

    Attributes:
        cpu: model name.
        cores: those that this process may use.
        flags: instructions that matter to networks.
        gpus: names of the graphics processors.
        runtimes: version by package.
    """

    cpu: str
    cores: int
    flags: tuple[str, ...]
    gpus: tuple[str, ...]
    runtimes: dict[str, str]

    @property
    def key(self) -> str:
        """One line that differs wherever a measured speed may."""
        runtimes = ", ".join(f"{name} {number}" for name, number in self.runtimes.items())
        parts = (self.cpu, f"{self.cores} cores", " ".join(self.flags), ", ".join(self.gpus), runtimes)
        return "; ".join(part for part in parts if part)


@cache
def this_machine() -> Machine:
    """Return what this process runs on."""
    fields = _cpuinfo()
    present = set(fields.get("flags", "").split())
    return Machine(
        cpu=fields.get("model name") or platform.processor() or platform.machine(),
        cores=available_cores(),
        flags=tuple(flag for flag in _FLAGS if flag in present),
        gpus=_gpus(),
        runtimes={name: found for name in _RUNTIMES if (found := _version(name))},
    )


def load_average() -> float:
    """Return the runnable processes of the last minute."""
    return os.getloadavg()[0]


def _cpuinfo() -> dict[str, str]:
    path = Path("/proc/cpuinfo")
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    lines = (line.partition(":") for line in text.partition("\n\n")[0].splitlines())
    return {name.strip(): value.strip() for name, _, value in lines}


def _gpus() -> tuple[str, ...]:
    files = sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return tuple(line.partition(":")[2].strip() for line in lines if line.startswith("Model:"))


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
