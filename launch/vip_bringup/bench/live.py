"""Live figures: what a camera's image costs beyond the bare network, in this process and through a node's."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

import numpy as np
from sensor_msgs.msg import Image

from vip_bringup.bench.figures import Figure
from vip_bringup.bench.graph import BenchGraph
from vip_bringup.bench.limits import figure
from vip_bringup.bench.message_path import MessagePath
from vip_bringup.bench.node_path import RewardProcess
from vip_bringup.bench.subject import Subject
from vip_models.machine import this_machine
from vip_models.timing import Seconds, in_turns, timed
from vip_ros.images import to_rgb

# The node reports its times over the last 10 s.
_NODE_ROUNDS = 60


def path_figures(subject: Subject, graph: BenchGraph, images: list[Image], seconds: float) -> list[Figure]:
    """Time the bare network and the way from message to published reward in turns, in this process."""
    path = MessagePath(graph.node, subject.encoder, to_rgb(images[-1]))
    try:
        bare, whole = in_turns([_bare(subject, images), _each(path.run, images)], seconds)
    finally:
        path.close()
    name, machine, base = subject.encoder.name, this_machine(), float(np.median(bare))
    return [
        Figure("bare_ms", 1e3 * base, "ms", "bare network, one frame, median"),
        Figure("path_ms", 1e3 * float(np.median(whole)), "ms", "message to published reward, median"),
        figure(name, machine, "path_median_ratio", _median(whole) / base, "x", "  over the bare median"),
        figure(name, machine, "path_p99_ratio", _p99(whole) / base, "x", "  p99 over the bare median"),
        Figure("bare_p99_ratio", _p99(bare) / base, "x", "  (bare p99 over its own median)"),
    ]


def node_figures(subject: Subject, graph: BenchGraph, images: list[Image], seconds: float) -> list[Figure]:
    """Time the bare network here and a real reward_node's reward in turns."""
    with RewardProcess(graph, subject, to_rgb(images[-1]), images[0]) as node:
        works = [_bare(subject, images), node.run]
        bare, whole = in_turns(works, seconds, least=_NODE_ROUNDS)
        median, p99 = node.work_times(len(whole))
    base = _median(bare)
    return [
        Figure("node_ms", 1e3 * median, "ms", "in reward_node: received to published, median"),
        Figure("node_median_ratio", median / base, "x", "  over the bare median"),
        Figure("node_p99_ratio", p99 / base, "x", "  p99 over the bare median"),
        Figure(
            "round_trip_ms", 1e3 * _median(whole), "ms", "image out to reward back, two processes, median"
        ),
        Figure("round_trip_p99_ms", 1e3 * _p99(whole), "ms", "  p99"),
    ]


def paced_figures(subject: Subject, graph: BenchGraph, images: list[Image], seconds: float) -> list[Figure]:
    """Time the way from message to reward for images that come at camera rates."""
    path = MessagePath(graph.node, subject.encoder, to_rgb(images[-1]))
    figures = []
    try:
        for rate in (30, 60):
            times = _paced(_each(path.run, images), rate, seconds)
            for key, value in (("p50", _median(times)), ("p99", _p99(times))):
                what = f"message to reward at {rate} Hz, {key}"
                figures.append(Figure(f"paced_{rate}hz_{key}_ms", 1e3 * value, "ms", what))
    finally:
        path.close()
    return figures


def _bare(subject: Subject, images: list[Image]) -> Callable[[], float]:
    encoder = subject.encoder
    prepared = [encoder.prepare([to_rgb(image)]) for image in images]
    return _each(lambda batch: timed(lambda: encoder.embed(batch, 1))(), prepared)


def _each(work: Callable[..., float], items: list) -> Callable[[], float]:
    """Return a work that takes the next item each time, round and round."""
    endless = itertools.cycle(items)
    return lambda: work(next(endless))


def _paced(work: Callable[[], float], rate: float, seconds: float) -> Seconds:
    times = []
    due = time.perf_counter()
    for _ in range(max(1, int(rate * seconds))):
        time.sleep(max(0.0, due - time.perf_counter()))
        times.append(work())
        due = max(due + 1.0 / rate, time.perf_counter())
    return np.array(times)


def _median(times: Seconds) -> float:
    return float(np.median(times))


def _p99(times: Seconds) -> float:
    return float(np.percentile(times, 99))
