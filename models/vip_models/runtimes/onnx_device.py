"""ONNX Runtime on a CUDA device: frames are resized there and stay there until they are embeddings.

Frames go from a pinned buffer to the device; one session resizes them, a second one embeds them out of the
device's memory, and only the embeddings come back.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from vip_models import resampling
from vip_models.card import EncoderCard
from vip_models.device_buffers import Upload, bind, device_array, to_device
from vip_models.export import INPUT_NAME, OUTPUT_NAME, cached_onnx
from vip_models.preprocessing import check_frame, crop_box, passes
from vip_models.resize_graph import COLUMNS, FRAMES, RESIZED, ROWS, resize_graph
from vip_models.runtimes import RUNTIMES
from vip_models.runtimes.onnx_runtime import CPU, open_session
from vip_ros.errors import UserError
from vip_ros.extras import install_extra
from vip_ros.resources import cache_dir

CUDA, TENSORRT = "CUDAExecutionProvider", "TensorrtExecutionProvider"
# Name in the registry → provider and what makes it compute in that precision.
WAYS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "cuda": (CUDA, {"use_tf32": 0}),
    "cuda-tf32": (CUDA, {"use_tf32": 1}),
    "tensorrt": (TENSORRT, {}),
    "tensorrt-f16": (TENSORRT, {"trt_fp16_enable": True}),
}
_LARGEST_BATCH = 64
# Batch shapes whose buffers are kept: single frames, full batches, a last batch, a warm-up.
_KEPT = 4


class NoDeviceError(UserError):
    """There is no device, or ONNX Runtime does not get at it."""


class DeviceNetwork:
    """An encoder that resizes frames of any size where it runs; safe to use from several threads, one by one.

    Args:
        path: the network's ONNX file.
        card: its card.
        runtime: name in the registry.
        providers: where the network runs, best first.
        device: its memory in ONNX Runtime's words, "cuda" or "cpu".

    Raises:
        UserError: a file that is no model.
    """

    def __init__(
        self, path: Path, card: EncoderCard, runtime: str, providers: list[Any], device: str
    ) -> None:
        self.runtime, self.device = runtime, device
        self._card = card
        self._session = open_session(path, 0, providers)
        self.providers: list[str] = self._session.get_providers()
        # Windows are put together on the host, of frames that have the network's size.
        self.resizes = card.window == 1 and card.interpolation in resampling.FILTERS
        resizers = [CPU] if device == "cpu" else [(CUDA, {"use_tf32": 0}), CPU]
        self._resizer = open_session(resize_graph(), 0, resizers) if self.resizes else None
        self._plans: dict[tuple[int, ...], _Plan] = {}
        self._lock = threading.Lock()

    def run(self, batch: np.ndarray) -> np.ndarray:
        """Return float32 [N,dim] for uint8 frames [N,H,W,3] of any size, or windows in the network's size.

        Raises:
            UserError: frames of another type or shape.
        """
        if self.resizes:
            check_frame(batch[0])
        with self._lock:
            plan = self._plans.pop(batch.shape, None) or self._plan(batch.shape)
            self._plans[batch.shape] = plan
            return plan.run(batch)

    def _plan(self, shape: tuple[int, ...]) -> _Plan:
        while len(self._plans) >= _KEPT:
            self._plans.pop(next(iter(self._plans))).close()
        embeddings = device_array((shape[0], self._card.dim), np.float32, "cpu")
        if self._resizer is None or passes(shape[1], shape[2], self._card):
            upload = Upload(shape, self.device)
            step = (self._session, bind(self._session, {INPUT_NAME: upload.value}, OUTPUT_NAME, embeddings))
            return _Plan(upload, (...,), [step], embeddings)
        part, down, across = _resampling(shape[1], shape[2], self._card)
        upload = Upload((shape[0], down.shape[1], across.shape[0], 3), self.device)
        resized = device_array((shape[0], self._card.crop, self._card.crop, 3), np.uint8, self.device)
        inputs = {
            FRAMES: upload.value,
            ROWS: to_device(down, self.device),
            COLUMNS: to_device(across, self.device),
        }
        steps = [
            (self._resizer, bind(self._resizer, inputs, RESIZED, resized)),
            (self._session, bind(self._session, {INPUT_NAME: resized}, OUTPUT_NAME, embeddings)),
        ]
        return _Plan(upload, part, steps, embeddings)


class _Plan:
    """What a batch of one shape goes through; nothing is allocated on the way."""

    def __init__(
        self, upload: Upload, part: tuple[Any, ...], steps: list[tuple[Any, Any]], embeddings: Any
    ) -> None:
        self._upload, self._part, self._steps, self._embeddings = upload, part, steps, embeddings

    def run(self, batch: np.ndarray) -> np.ndarray:
        self._upload.send(batch[self._part])
        for session, binding in self._steps:
            session.run_with_iobinding(binding)
        return np.array(self._embeddings.numpy())

    def close(self) -> None:
        self._upload.close()


def _resampling(
    height: int, width: int, card: EncoderCard
) -> tuple[tuple[slice, ...], np.ndarray, np.ndarray]:
    """Return the part [N,h,w] of the frames that the crop is made of, and its weights [crop,h], [w,crop]."""
    left, top, right, bottom = crop_box(height, width, card)
    rows = slice(*resampling.reach(height, card.crop, top, bottom, card.interpolation))
    columns = slice(*resampling.reach(width, card.crop, left, right, card.interpolation))
    down = resampling.matrix(height, card.crop, top, bottom, card.interpolation)
    across = resampling.matrix(width, card.crop, left, right, card.interpolation)
    return (slice(None), rows, columns), down[:, rows], across[:, columns].T


def _open(runtime: str, card: EncoderCard, weights: Path, sha256: str, threads: int) -> DeviceNetwork:
    """Open the encoder on a CUDA device; raises NoDeviceError when it would run on the CPU instead."""
    provider, options = WAYS[runtime]
    if provider in onnxruntime.get_available_providers():
        if hasattr(onnxruntime, "preload_dlls"):
            onnxruntime.preload_dlls()  # finds the CUDA libraries that pip has installed
        if provider == TENSORRT:
            options = {**options, **_tensorrt_options(card)}
        path = cached_onnx(card, weights, sha256)
        network = DeviceNetwork(path, card, runtime, [(provider, options), (CUDA, {}), CPU], "cuda")
        # What the session uses, not what was asked for: it falls back to the CPU without a word.
        if network.providers[0] == provider:
            return network
    raise NoDeviceError(
        f"ONNX Runtime has no usable {'TensorRT' if provider == TENSORRT else 'CUDA'} device",
        f"{install_extra('gpu')}, or choose runtime auto",
    )


def _tensorrt_options(card: EncoderCard) -> dict[str, Any]:
    """Let engines be kept, because building one takes minutes, and fit every batch up to the largest."""
    folder = cache_dir() / "tensorrt"
    folder.mkdir(parents=True, exist_ok=True)
    size = "x".join(str(side) for side in (card.window,) * (card.window > 1) + (card.crop, card.crop, 3))
    return {
        "trt_engine_cache_enable": True,
        "trt_engine_cache_path": str(folder),
        "trt_profile_min_shapes": f"{INPUT_NAME}:1x{size}",
        "trt_profile_opt_shapes": f"{INPUT_NAME}:1x{size}",
        "trt_profile_max_shapes": f"{INPUT_NAME}:{_LARGEST_BATCH}x{size}",
    }


for _name in WAYS:
    RUNTIMES.register(_name)(partial(_open, _name))
