"""Memory that an ONNX Runtime session on a device works in, allocated once per batch shape."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import onnxruntime

_CUDART = ("libcudart.so.13", "libcudart.so.12")


class Upload:
    """A host buffer, pinned where there is CUDA, and its twin on the device.

    Args:
        shape: of the uint8 arrays that are sent.
        device: "cuda" or "cpu".
    """

    def __init__(self, shape: tuple[int, ...], device: str) -> None:
        self._host = np.empty(shape, np.uint8)
        self._runtime = _cuda_runtime() if device == "cuda" else None
        if self._runtime is not None and self._host.nbytes:
            # From pageable memory the driver would copy through a pinned buffer of its own.
            self._pinned = self._runtime.cudaHostRegister(*self._span(), 0) == 0
        else:
            self._pinned = False
        self.value = device_array(shape, np.uint8, device)

    def send(self, array: np.ndarray) -> None:
        """Copy an array of that shape, contiguous or not, to the device."""
        np.copyto(self._host, array)
        self.value.update_inplace(self._host)

    def close(self) -> None:
        """Release the pinned memory."""
        if self._pinned and self._runtime is not None:
            self._runtime.cudaHostUnregister(self._span()[0])
            self._pinned = False

    def _span(self) -> tuple[ctypes.c_void_p, ctypes.c_size_t]:
        return ctypes.c_void_p(self._host.ctypes.data), ctypes.c_size_t(self._host.nbytes)


def device_array(shape: tuple[int, ...], dtype: type, device: str) -> Any:
    """Return an OrtValue of that shape in the memory of "cuda" or "cpu"."""
    return onnxruntime.OrtValue.ortvalue_from_shape_and_type(list(shape), dtype, device, 0)


def to_device(array: np.ndarray, device: str) -> Any:
    """Return an OrtValue that holds a copy of the array in the memory of "cuda" or "cpu"."""
    return onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array), device, 0)


def bind(session: Any, inputs: Mapping[str, Any], output: str, value: Any) -> Any:
    """Return a binding of a session's inputs and its output to OrtValues."""
    binding = session.io_binding()
    for name, given in inputs.items():
        binding.bind_ortvalue_input(name, given)
    binding.bind_ortvalue_output(output, value)
    return binding


@cache
def _cuda_runtime() -> Any | None:
    """Return the CUDA runtime that ONNX Runtime has loaded, or None."""
    for name in _CUDART:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None
