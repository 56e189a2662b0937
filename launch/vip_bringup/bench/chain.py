"""From image to joint command through the real nodes, beside the network and the middleware alone."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sensor_msgs.msg import Image

from vip_bringup.bench.chain_ears import ChainEars, percentiles
from vip_bringup.bench.figures import Figure
from vip_bringup.bench.limits import figure
from vip_bringup.bench.process import BenchProcess
from vip_bringup.bench.subject import Subject
from vip_bringup.still_policy import write_still_policy
from vip_models.machine import Machine, this_machine
from vip_models.timing import timed
from vip_ros.errors import UserError
from vip_ros.images import to_rgb

RATE = 15.0
"""Rate of camera and policy, Hz."""

STAGES = {
    "image to embedding": ("embedding", "image"),
    "embedding to reward": ("reward", "embedding"),
    "embedding to action": ("action", "embedding"),
    "action to command": ("command", "action"),
    "image to command": ("command", "image"),
}
"""What a stage ends with and begins with, as ChainEars names them."""

_ROUNDS = 3
_LEAST_SECONDS = 2.0
_START_LIMIT = 300.0
_ANSWER_LIMIT = 20.0
# The simulated arm holds still while only the bare hops are filmed: no image is no fault then, s.
_PATIENT = {f"{stream}_timeout": 3600.0 for stream in ("image", "embedding", "action")}
# Faster than any encoder here, to see what the chain can do at most, Hz.
_FLOOD = 240.0


@dataclass
class Samples:
    """What was measured, over all rounds.

    Attributes:
        stages: s, by name.
        hops: the same messages through processes that do nothing, image to command, s.
        network: the bare network, one frame at the same rate, s.
        cpu: by node: CPU s that it used, and s of wall time.
    """

    stages: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in STAGES})
    hops: list[float] = field(default_factory=list)
    network: list[float] = field(default_factory=list)
    cpu: dict[str, list[float]] = field(default_factory=dict)
    fps: float = 0.0


def chain_figures(subject: Subject, images: Sequence[Image], seconds: float) -> list[Figure]:
    """Return latency by stage, throughput and CPU by process, and what of it is network and middleware.

    Raises:
        UserError: a node does not start, or its answers do not come.
    """
    samples = Samples()
    each = max(_LEAST_SECONDS, seconds / _ROUNDS)
    prepared = [subject.encoder.prepare([to_rgb(image)]) for image in images]
    with ChainEars() as ears, _nodes(ears, subject, images) as nodes, _hops(ears, subject) as hops:
        _await_hops(ears, images, hops)
        for _ in range(_ROUNDS):
            _measure_chain(ears, images, each, nodes, samples)
            ears.film(images, RATE, each, bare=True)
            samples.hops.extend(ears.times("bare command"))
            samples.network.extend(_paced_network(subject, prepared, each))
        took = ears.film(images, _FLOOD, each)
        samples.fps = len(ears.times("reward")) / took
    return _figures(subject.encoder.name, samples)


def _measure_chain(
    ears: ChainEars, images: Sequence[Image], seconds: float, nodes: Sequence[BenchProcess], samples: Samples
) -> None:
    before = [node.cpu_seconds() for node in nodes]
    took = ears.film(images, RATE, seconds)
    for node, spent in zip(nodes, before, strict=True):
        used = samples.cpu.setdefault(node.name, [0.0, 0.0])
        used[0] += node.cpu_seconds() - spent
        used[1] += took
    for name, (until, since) in STAGES.items():
        samples.stages[name].extend(ears.times(until, since))


def _paced_network(subject: Subject, prepared: Sequence[np.ndarray], seconds: float) -> list[float]:
    times = []
    due = time.perf_counter()
    for count in range(round(RATE * seconds)):
        time.sleep(max(0.0, due - time.perf_counter()))
        batch = prepared[count % len(prepared)]
        times.append(timed(partial(subject.encoder.embed, batch, 1))())
        due = max(due + 1.0 / RATE, time.perf_counter())
    return times


@contextlib.contextmanager
def _nodes(ears: ChainEars, subject: Subject, images: Sequence[Image]) -> Iterator[list[BenchProcess]]:
    """Run reward_node, franka_node with the simulated arm and policy_node until the policy drives."""
    encoder = subject.encoder
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="vip-bench-"))
        policy = write_still_policy(Path(folder) / "policy", encoder.id, encoder.dim, RATE)
        started: list[tuple[str, str, dict[str, Any]]] = [
            ("vip_reward_node.reward_node", "reward_node", subject.parameters(_goal(folder, images))),
            ("franka_node.franka_node", "franka_node", {"description": False, **_PATIENT}),
            (
                "policy_node.policy_node",
                "policy_node",
                {"bundle": str(policy), "timeout": 1e6, "stop_when_reached": False},
            ),
        ]
        nodes = [
            stack.enter_context(BenchProcess(module, name, ears.namespace, {**params, "autostart": True}))
            for module, name, params in started
        ]
        _await_policy(ears, images, nodes)
        yield nodes


def _goal(folder: str, images: Sequence[Image]) -> str:
    import cv2

    path = f"{folder}/goal.png"
    cv2.imwrite(path, to_rgb(images[-1])[..., ::-1])
    return path


def _await_policy(ears: ChainEars, images: Sequence[Image], nodes: Sequence[BenchProcess]) -> None:
    end, why = time.monotonic() + _START_LIMIT, ""
    # Without a pause: the policy asks for embeddings at its own rate before it begins.
    with ears.filming(images, RATE):
        while not (ears.heard("action") and ears.heard("command")):
            dead = [node for node in nodes if not node.alive]
            if dead or time.monotonic() > end:
                node = dead[0] if dead else nodes[-1]
                raise UserError(f"{node.name} does not run", why or node.last_line())
            if not ears.heard("action"):
                _, why = ears.ask("policy_node/start", _ANSWER_LIMIT)
            time.sleep(1.0)


@contextlib.contextmanager
def _hops(ears: ChainEars, subject: Subject) -> Iterator[list[BenchProcess]]:
    size = subject.encoder.dim
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(
                BenchProcess(
                    "vip_bringup.bench.bare_hop", f"bare_{hop}", ears.namespace, {"hop": hop, "size": size}
                )
            )
            for hop in ("embedding", "action", "command")
        ]


def _await_hops(ears: ChainEars, images: Sequence[Image], hops: Sequence[BenchProcess]) -> None:
    end = time.monotonic() + _START_LIMIT
    while not ears.heard("bare command"):
        dead = [hop for hop in hops if not hop.alive]
        if dead or time.monotonic() > end:
            raise UserError("the bare middleware does not run", (dead or hops)[0].last_line())
        ears.film(images, RATE, 0.5, bare=True)


def _figures(encoder: str, samples: Samples) -> list[Figure]:
    machine, figures = this_machine(), []
    for name, times in samples.stages.items():
        key = name.replace(" ", "_")
        for part, value in zip(("p50", "p95", "p99"), percentiles(times, name.split()[-1]), strict=True):
            figures.append(Figure(f"chain_{key}_{part}_ms", value, "ms", f"{name}, {part}"))
    hops, network = percentiles(samples.hops, "bare message"), percentiles(samples.network, "embedding")
    for label, key, values in (("bare middleware", "hops", hops), ("bare network", "network", network)):
        for part, value in zip(("p50", "p95", "p99"), values, strict=True):
            what = f"{label} at {RATE:g} Hz, {part}"
            figures.append(Figure(f"chain_{key}_{part}_ms", value, "ms", what))
    p50, _, p99 = percentiles(samples.stages["image to command"], "command")
    base = hops[0] + network[0]
    figures += [
        _ratio(encoder, machine, "chain_median_ratio", p50 / base, "image to command over both bare medians"),
        _ratio(encoder, machine, "chain_p99_ratio", p99 / base, "  p99 over both bare medians"),
        Figure(
            "chain_bare_p99_ratio",
            (hops[2] + network[2]) / base,
            "x",
            "  (both bare p99s over their medians)",
        ),
        Figure("chain_fps", samples.fps, "frames/s", f"rewards at {_FLOOD:g} images/s"),
    ]
    for name, (used, wall) in samples.cpu.items():
        figures.append(
            Figure(f"chain_cpu_{name}", 100 * used / wall, "%", f"{name}: CPU at {RATE:g} Hz, of a core")
        )
    return figures


def _ratio(encoder: str, machine: Machine, key: str, value: float, what: str) -> Figure:
    return figure(encoder, machine, key, value, "x", what)
