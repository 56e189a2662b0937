"""Demonstrations → policy → closed loop through the live graph → report: the core of `vip demo`."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vip_bringup.demo.folder import DemoFolder, prepare_folder
from vip_bringup.demo.progress import CONSOLE, Step, step
from vip_bringup.demo.report import EpisodeTrace, plot_rewards, write_report
from vip_bringup.demo.stack import RunningStack
from vip_bringup.evaluating.live import policy_settings, simulation_settings

EVALUATION_SEED = 1_000_000
"""First scene seed of the evaluation when none is given; demonstrations count up from 0."""

FILM_EPISODES = 10
FILM_RATE = 20


@dataclass(frozen=True)
class DemoOptions:
    """What `vip demo` runs.

    Attributes:
        task: simulator task.
        out: folder of the results.
        demonstrations: scripted episodes to learn from.
        episodes: closed-loop evaluation episodes.
        encoder: card name of the frozen encoder.
        algorithm: offline learning algorithm.
        seed: first scene seed of the demonstrations, and the seed of the training.
        timeout: s per evaluation episode.
    """

    task: str
    out: Path
    demonstrations: int = 20
    episodes: int = 10
    encoder: str = "vip-sim"
    algorithm: str = "rwr"
    seed: int = 0
    timeout: float = 10.0


@dataclass
class _Recording:
    """Pictures of the evaluation, kept in memory so that filming costs the running stack nothing."""

    frames: list[tuple[NDArray[np.uint8], EpisodeTrace, int]] = field(default_factory=list)
    episodes: list[EpisodeTrace] = field(default_factory=list)

    def add(self, image: NDArray[np.uint8], trace: EpisodeTrace) -> None:
        if all(trace is not known for known in self.episodes):
            self.episodes.append(trace)
        if len(self.episodes) <= FILM_EPISODES:
            self.frames.append((image, trace, len(trace.distances)))


def run_demo(options: DemoOptions) -> dict[str, Any]:
    """Run the whole job and return the report.

    Raises:
        UserError: an unknown task or encoder, a folder that is not the demo's, a stack that does not start.
    """
    begin = time.monotonic()
    folder = prepare_folder(options.out)
    with step(f"1/4  {options.demonstrations} scripted demonstrations of {options.task}") as bar:
        recorded = _gather(options, folder, bar)
    with step(f"2/4  policy by {options.algorithm} on {options.encoder} embeddings") as bar:
        training = _train(options, folder, bar)
    recording = _Recording()
    with step(f"3/4  {options.episodes} episodes through the live ROS graph") as bar:
        episodes, dropped = _evaluate(options, folder, recording, bar)
    with step("4/4  report") as bar:
        _film(folder.film, options.task, recording, bar)
        facts = {
            "demonstration_successes": recorded,
            "train_seconds": training["train_seconds"],
            "encode_seconds": training["encode_seconds"],
            "dropped_frames": dropped,
        }
        return _report(options, folder, episodes, training["encoder"], facts, begin)


def _gather(options: DemoOptions, folder: DemoFolder, bar: Step) -> int:
    from vip_teleop.demonstration import Demonstration
    from vip_teleop.devices import DEVICES
    from vip_teleop.recording import record

    successes: list[bool] = []

    def told(path: Path, demonstration: Demonstration) -> None:
        successes.append(demonstration.success)
        bar.update("recording", len(successes), options.demonstrations)

    device = DEVICES.get("scripted")()
    try:
        record(
            device,
            "scripted",
            options.task,
            options.demonstrations,
            folder.demonstrations,
            options.seed,
            told,
        )
    finally:
        device.close()
    return sum(successes)


def _train(options: DemoOptions, folder: DemoFolder, bar: Step) -> dict[str, Any]:
    from policy_node.learning import TrainConfig
    from policy_node.training import train
    from vip_models import load_encoder

    config = train(
        folder.demonstrations,
        load_encoder(options.encoder),
        options.algorithm,
        folder.policy,
        TrainConfig(seed=options.seed),
        bar.update,
    )
    return {**config.training, "encoder": config.encoder}


def _evaluate(
    options: DemoOptions, folder: DemoFolder, recording: _Recording, bar: Step
) -> tuple[list[EpisodeTrace], int]:
    import rclpy

    from vip_bringup.graph_client import join_graph
    from vip_bringup.live_evaluation import LiveEvaluator
    from vip_ros.middleware import configure_middleware

    settings = simulation_settings(options.task) + policy_settings(folder.policy, options.encoder)
    configure_middleware()
    with RunningStack(settings, folder.log):
        join_graph()
        evaluator = LiveEvaluator(recording.add)
        try:
            evaluator.wait_for_policy(limit=15.0)
            traces = []
            for index in range(options.episodes):
                trace = evaluator.episode(
                    options.task, EVALUATION_SEED + options.seed + index, options.timeout
                )
                traces.append(trace)
                mark, style = ("success", "green") if trace.success else (trace.outcome, "red")
                CONSOLE.print(f"  episode {index + 1:2d}: {mark} after {trace.duration:.1f} s", style=style)
                bar.update("episodes", index + 1, options.episodes)
            return traces, evaluator.dropped_frames
        finally:
            evaluator.close()
            rclpy.try_shutdown()


def _report(
    options: DemoOptions,
    folder: DemoFolder,
    episodes: list[EpisodeTrace],
    encoder: str,
    facts: dict[str, Any],
    begin: float,
) -> dict[str, Any]:
    from policy_node.evaluation import wilson_interval

    successes = sum(episode.success for episode in episodes)
    low, high = wilson_interval(successes, len(episodes))
    title = f"{options.task}: {successes} of {len(episodes)} episodes solved through the live graph"
    plot_rewards(folder.curve, episodes, title)
    head = {
        "task": options.task,
        "encoder": encoder,
        "algorithm": options.algorithm,
        "demonstrations": options.demonstrations,
        "episodes": len(episodes),
        "successes": successes,
        "success_rate": round(successes / len(episodes), 4),
        "wilson95": [round(low, 4), round(high, 4)],
    }
    tail = {
        "seed": options.seed,
        "total_seconds": round(time.monotonic() - begin, 1),
        "written": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
    return write_report(folder.report, {**head, **facts, **tail}, episodes)


def _film(path: Path, task: str, recording: _Recording, bar: Step) -> None:
    from vip_bringup.demo.film import Film, compose

    size = (960, 480)
    with Film(path, FILM_RATE, size) as film:
        for index, (image, trace, images) in enumerate(recording.frames):
            number = next(i for i, known in enumerate(recording.episodes) if known is trace) + 1
            last = index + 1 == len(recording.frames) or recording.frames[index + 1][1] is not trace
            elapsed = trace.stamps[images - 1] if images else 0.0
            status = f"{elapsed:4.1f} s" + (f"   {trace.outcome}" if last else "")
            picture = compose(image, trace.distances[:images], f"{task}   episode {number}", status, size)
            for _ in range(FILM_RATE if last else 1):
                film.add(picture)
            bar.update("film", index + 1, len(recording.frames))
