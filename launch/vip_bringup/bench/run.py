"""One benchmark run: every encoder, every figure, in turns and with the machine's load beside."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sensor_msgs.msg import Image

from vip_bringup.bench.chain import chain_figures
from vip_bringup.bench.figures import EncoderFigures, Figure, Report
from vip_bringup.bench.footage import messages
from vip_bringup.bench.gpu import gpu_figures
from vip_bringup.bench.graph import BenchGraph
from vip_bringup.bench.live import node_figures, path_figures
from vip_bringup.bench.offline import official_figures, offline_figures
from vip_bringup.bench.peers import peer_figures
from vip_bringup.bench.scaling import Scaled, scaling_table
from vip_bringup.bench.subject import Subject, open_subject
from vip_models.machine import load_average, this_machine

Tell = Callable[[str], None]
PARTS = ("network", "chain", "scaling")
"""What can be measured: the encoder and reward_node, image to command through all nodes, many of them."""


@dataclass(frozen=True)
class BenchRequest:
    """What to measure.

    Attributes:
        encoders: names of encoder cards.
        videos: frames uint8 [T,H,W,3] each, two or more.
        frames: where they come from, for people.
        weights: weights instead of the cards' own, for all encoders.
        runtime: name in the registry; "auto": the fastest within the allowed error.
        seconds: about how long each comparison takes, s.
        parts: of PARTS; scaling is measured with the first encoder.
    """

    encoders: Sequence[str]
    videos: Sequence[np.ndarray]
    frames: str
    weights: Path | None = None
    runtime: str = "auto"
    seconds: float = 12.0
    parts: Sequence[str] = PARTS[:2]


def run_bench(
    request: BenchRequest,
    status: Tell,
    show: Callable[[EncoderFigures], None] = lambda figures: None,
    show_row: Callable[[Scaled], None] = lambda row: None,
) -> Report:
    """Measure each encoder.

    Args:
        request: what to measure.
        status: called with what is going on.
        show: called with each encoder's figures as soon as they are complete.
        show_row: called with each row of the scaling table.

    Raises:
        UserError: an encoder that cannot be loaded, or a reward_node that does not start.
    """
    machine = dataclasses.asdict(this_machine())
    report = Report(machine, [round(load_average(), 2)], request.frames)
    for name in request.encoders:
        subject = open_subject(name, request.weights, request.runtime, request.videos, _named(status, name))
        encoder = subject.encoder
        figures = tuple(_measure(subject, request, _named(status, name)))
        found = EncoderFigures(encoder.id, subject.weights, encoder.runtime, subject.chosen, figures)
        report.encoders.append(found)
        report.load.append(round(load_average(), 2))
        show(found)
        if "scaling" in request.parts and not report.scaling:
            frame = request.videos[0][0]
            rows = scaling_table(subject, frame, request.seconds, _named(status, name), show_row)
            report.scaling.extend(rows)
    return report


def _measure(subject: Subject, request: BenchRequest, status: Tell) -> list[Figure]:
    images = messages(request.videos[0])
    figures = _network_figures(subject, request, images, status) if "network" in request.parts else []
    if "chain" in request.parts:
        status("image to command through the nodes")
        figures += chain_figures(subject, images, request.seconds)
    return figures


def _network_figures(
    subject: Subject, request: BenchRequest, images: list[Image], status: Tell
) -> list[Figure]:
    seconds = request.seconds
    figures = []
    with BenchGraph() as graph:
        status("message to reward, in this process")
        figures += path_figures(subject, graph, images, seconds)
        status("message to reward, through reward_node")
        figures += node_figures(subject, graph, images, seconds)
        status("on the device")
        figures += gpu_figures(subject, graph, images, request.videos[0], seconds)
    status("the published way")
    figures += official_figures(subject, request.videos, seconds)
    figures += peer_figures(subject, request.videos[0], seconds, status)
    status("offline")
    figures += offline_figures(subject, request.videos[0], seconds)
    return figures


def _named(status: Tell, name: str) -> Tell:
    return lambda text: status(f"{name}: {text}")
