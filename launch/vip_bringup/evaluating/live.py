"""`vip eval --live`: the policy through the running ROS graph, on the simulated arm or on a real one."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policy_node.bundle import load_bundle
from policy_node.evaluation import EpisodeResult, summary
from vip_bringup.demo.report import EpisodeTrace, percentiles_ms
from vip_bringup.demo.stack import RunningStack
from vip_bringup.evaluating.films import FailureFilms
from vip_bringup.evaluating.sight import Sight
from vip_bringup.graph import build_graph
from vip_bringup.lock import ros_domain
from vip_ros.errors import UserError
from vip_ros.resources import cache_dir

STALL = 1.0
"""s for which the simulated arm may go on without news; the guard's own defaults are stricter."""

SIMULATED = "simulated"


@dataclass(frozen=True)
class LiveEvaluation:
    """What `vip eval --live` was asked for.

    Attributes:
        policy: folder of the bundle.
        task: simulator task; empty: the policy's own.
        episodes: how many.
        seed: scene seed of the first; on a real robot a mere number.
        timeout: s per episode.
        config: configuration as of `vip up`.
        settings: node.param=value texts, which win over everything else.
        encoder: card of the policy's encoder; empty: the shipped one of its name.
        like: image or episode that every episode should begin like.
        videos: folder for films of the failures; None: none.
    """

    policy: Path
    task: str = ""
    episodes: int = 10
    seed: int = 1_000_000
    timeout: float = 10.0
    config: str = "default"
    settings: tuple[str, ...] = ()
    encoder: str = ""
    like: str = ""
    videos: Path | None = None

    def driver(self) -> str:
        """Return how the robot is reached, as the configuration says."""
        graph = build_graph(self.config, self.settings)
        robot = next((spec for spec in graph.nodes if spec.name == "franka_node"), None)
        return str(robot.parameters.get("driver", "")) if robot is not None else ""


def simulation_settings(task: str) -> list[str]:
    """Return the settings of a simulated arm.

    Nobody can be hurt there, and a shared machine may stall for longer than a real arm should go on blind.
    """
    patience = [f"franka_node.{name}_timeout={STALL}" for name in ("image", "embedding", "action", "loop")]
    return [*patience, f"franka_node.max_action_age={STALL}", f"franka_node.task={task}"]


def policy_settings(policy: Path, encoder: str) -> list[str]:
    """Return the settings that make the graph run a policy on its encoder towards its goal."""
    return [
        f"reward_node.encoder={encoder}",
        f"reward_node.goal={policy.resolve()}",
        f"policy_node.bundle={policy.resolve()}",
    ]


def evaluate_live(options: LiveEvaluation, told: Callable[[EpisodeTrace], None]) -> dict[str, Any]:
    """Bring the stack up, run the episodes and return the figures.

    Args:
        options: what to run.
        told: hears of every finished episode.

    Raises:
        UserError: no such policy or task, a stack that does not start, a real robot without a terminal.
    """
    import rclpy

    from vip_bringup.evaluating.person import PersonEvaluator, check_terminal
    from vip_bringup.graph_client import join_graph
    from vip_bringup.live_evaluation import LiveEvaluator
    from vip_ros.middleware import configure_middleware

    bundle = load_bundle(options.policy)
    simulated = options.driver() == SIMULATED
    task = _task(options.task or bundle.config.task, simulated)
    if not simulated:
        check_terminal()
    encoder = Sight(options.encoder).card_of(bundle.config.encoder)
    settings = policy_settings(options.policy, encoder)
    settings += simulation_settings(task) if simulated else []
    films = FailureFilms(options.videos, task, bundle.config.rate)
    configure_middleware()
    with tempfile.TemporaryDirectory(prefix="vip-eval-") as scratch:
        settings += _overlay(options, Path(scratch))
        with RunningStack([*settings, *options.settings], _log(), config=options.config):
            join_graph(build_graph(options.config, options.settings).namespace)
            kind = LiveEvaluator if simulated else PersonEvaluator
            evaluator = kind(lambda image, trace: films.see(image, (trace.distances or [0.0])[-1]))
            try:
                evaluator.wait_for_policy(limit=15.0)
                traces = []
                for index in range(options.episodes):
                    trace = evaluator.episode(task, options.seed + index, options.timeout)
                    films.end(trace.seed, trace.success, trace.outcome)
                    traces.append(trace)
                    told(trace)
                facts = {"task": task, "policy": str(options.policy), "encoder": bundle.config.encoder}
                return _report(facts, "live" if simulated else "person", traces, evaluator.dropped_frames)
            finally:
                evaluator.close()
                rclpy.try_shutdown()


def _report(facts: dict[str, Any], mode: str, traces: list[EpisodeTrace], dropped: int) -> dict[str, Any]:
    results = [EpisodeResult(trace.seed, trace.success, trace.duration) for trace in traces]
    figures = summary(results)
    for detail, trace in zip(figures["episode_details"], traces, strict=True):
        detail["outcome"] = trace.outcome
    return {
        **facts,
        "mode": mode,
        "seed": traces[0].seed,
        **figures,
        "latency_ms": percentiles_ms([latency for trace in traces for latency in trace.latencies]),
        "dropped_frames": dropped,
    }


def _log() -> Path:
    """Return the file that the stack prints into; kept, for a stack that did not start is read up there."""
    folder = cache_dir() / "logs"
    folder.mkdir(exist_ok=True)
    return folder / f"eval-stack-{ros_domain()}.log"


def _task(name: str, simulated: bool) -> str:
    if not simulated:
        return name
    from franka_node.sim.tasks import task_name

    return task_name(name)


def _overlay(options: LiveEvaluation, folder: Path) -> list[str]:
    """Return the settings that show, between episodes, how one should begin."""
    if not options.like:
        return []
    like = Path(options.like).expanduser()
    if not like.exists():
        raise UserError("there is nothing to begin like", "give --like an image or an episode", str(like))
    shown = options.videos or folder
    return [f"overlay_node.directory={shown.resolve()}", f"overlay_node.reference={like.resolve()}"]
