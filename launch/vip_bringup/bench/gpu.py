"""Figures of a CUDA device: camera rates, a video, and eager torch on the same device beside them."""

from __future__ import annotations

import numpy as np
from sensor_msgs.msg import Image

from vip_bringup.bench.figures import Figure
from vip_bringup.bench.footage import camera_size
from vip_bringup.bench.graph import BenchGraph
from vip_bringup.bench.live import paced_figures
from vip_bringup.bench.official import OfficialWay, applies
from vip_bringup.bench.subject import Subject
from vip_models.timing import in_turns, ratio, timed
from vip_models.torch_tools import import_torch

_BATCH = 64


def gpu_figures(
    subject: Subject, graph: BenchGraph, images: list[Image], frames: np.ndarray, seconds: float
) -> list[Figure]:
    """Return the figures of the device that the encoder runs on; none on the CPU."""
    encoder = subject.encoder
    if encoder.device != "cuda":
        return []
    figures = paced_figures(subject, graph, images, seconds / 2)
    clip = np.stack([camera_size(frame) for frame in np.resize(frames, (_BATCH, *frames.shape[1:]))])
    works = [timed(lambda: encoder.encode(clip, _BATCH)), timed(lambda: encoder.encode(clip[:1], 1))]
    if not applies(encoder.card) or not import_torch("the comparison").cuda.is_available():
        times = in_turns(works, seconds)
        return [*figures, _throughput("gpu_fps", "frames from memory", len(clip), times[0])]
    official = OfficialWay(encoder.card, subject.path, "cuda")
    works += [timed(lambda: official.encode(clip)), timed(lambda: official.encode(clip[:1]))]
    ours, our_one, theirs, their_one = in_turns(works, seconds)
    return [
        *figures,
        _throughput("gpu_fps", f"frames from memory, in batches of {_BATCH}", len(clip), ours),
        _throughput("gpu_official_fps", "  eager torch on the same device", len(clip), theirs),
        Figure("gpu_ratio", ratio(theirs, ours), "x", "  times eager torch"),
        Figure(
            "gpu_single_ratio", ratio(their_one, our_one), "x", "  one frame at a time, times eager torch"
        ),
    ]


def _throughput(key: str, what: str, count: int, times: np.ndarray) -> Figure:
    return Figure(key, count / float(np.median(times)), "frames/s", what)
