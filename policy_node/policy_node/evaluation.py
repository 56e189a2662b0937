"""How well a policy does: the Wilson interval and closed-loop episodes in lockstep with the simulator."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from policy_node.chunks import ActionChunk
from policy_node.embeddings import FrameEncoder
from policy_node.policy import Policy
from vip_ros.errors import UserError

Watch = Callable[[NDArray[np.uint8], NDArray[np.float32]], None]


class Environment(Protocol):
    """A scene that waits for the policy."""

    @property
    def success(self) -> bool:
        """Whether the task is solved now."""

    @property
    def gripper(self) -> float:
        """Opening width between the fingers, m."""

    def observe(self) -> tuple[NDArray[np.uint8], NDArray[np.float64], float]:
        """Return picture uint8 [H, W, 3] RGB, joint positions [N] rad, and time s."""

    def advance(self, q_target: NDArray[np.float64], gripper_target: float, duration: float) -> Any:
        """Command joints (rad) and gripper (m) and let that many s pass."""


@dataclass(frozen=True)
class EvaluationConfig:
    """How closed-loop episodes run.

    Attributes:
        timeout: s until an episode counts as failed.
        latency: s from a picture to the first command that follows from it, as on the live graph.
        control_step: s between two commands.
        hold: s the task must stay solved.
    """

    timeout: float = 10.0
    latency: float = 0.05
    control_step: float = 0.05
    hold: float = 0.3

    def check_rate(self, rate: float) -> None:
        """Raise UserError unless a policy of that rate, Hz, acts at most once between two commands."""
        if rate * self.control_step > 1.0 + 1e-9:
            raise UserError(
                f"the policy acts at {rate:g} Hz, but in lockstep there are {1 / self.control_step:g} "
                "commands per second",
                "evaluate it with --live, or train one at a lower rate",
            )


@dataclass(frozen=True)
class EpisodeResult:
    """One closed-loop episode: scene seed, outcome, time until solved (or the timeout), s."""

    seed: int
    success: bool
    duration: float


def wilson_interval(successes: int, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """Return the Wilson score interval of a success rate (E. B. Wilson, JASA 22, 1927).

    Args:
        successes: number of successes.
        trials: number of trials.
        z: quantile of the normal distribution; the default gives 95 %.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials")
    if trials == 0:
        return 0.0, 1.0
    rate = successes / trials
    centre = rate + z * z / (2 * trials)
    spread = z * math.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    # At the ends the bounds are exact; rounding must not move them inwards.
    low = 0.0 if successes == 0 else (centre - spread) / scale
    high = 1.0 if successes == trials else (centre + spread) / scale
    return low, high


def run_episode(
    policy: Policy,
    encoder: FrameEncoder,
    environment: Environment,
    seed: int,
    config: EvaluationConfig,
    watch: Watch | None = None,
) -> EpisodeResult:
    """Run the policy until the task has been solved for a while, or time is up.

    A chunk takes effect `latency` after its picture; until then the one before goes on. Points are joined
    by straight lines, without the guard.

    Args:
        policy: what acts.
        encoder: the frozen encoder it was trained on.
        environment: the scene.
        seed: of the scene, for the result.
        config: how the episode runs.
        watch: shown every picture that the policy acts on, uint8 [H, W, 3], and its embedding [D].

    Raises:
        UserError: the policy acts more often than there are commands.
    """
    config.check_rate(policy.config.rate)
    policy.reset()
    acted = 0
    waiting: list[tuple[float, ActionChunk]] = []
    current: tuple[float, ActionChunk] | None = None
    solved_since: float | None = None
    _, q, start = environment.observe()
    command, gripper, tick = q.copy(), environment.gripper, 0
    while True:
        # The first command at or after the time of the next picture: over many pictures, the policy's rate.
        if tick * config.control_step >= acted / policy.config.rate - 1e-9:
            acted += 1
            frame, q, now = environment.observe()
            embedding = encoder.encode(frame[None])[0]
            waiting.append((now, policy.act(embedding, _seen(policy, environment, q), now)))
            if watch is not None:
                watch(frame, embedding)
        time = start + tick * config.control_step
        while waiting and time >= waiting[0][0] + config.latency - 1e-9:
            current = waiting.pop(0)
        if current is not None:
            elapsed = time + config.control_step - current[0]
            command = current[1].at(elapsed)
            width = current[1].gripper_at(elapsed)
            gripper = gripper if width is None else width
        environment.advance(command, gripper, config.control_step)
        tick += 1
        elapsed_total = tick * config.control_step
        if environment.success:
            solved_since = elapsed_total if solved_since is None else solved_since
            if elapsed_total - solved_since >= config.hold:
                return EpisodeResult(seed, True, round(elapsed_total, 3))
        else:
            solved_since = None
        if elapsed_total >= config.timeout:
            return EpisodeResult(seed, False, round(elapsed_total, 3))


def _seen(policy: Policy, environment: Environment, q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the joint positions [N] followed by those of the policy's senses: each finger moves by half."""
    return np.concatenate([q, np.full(len(policy.config.senses), environment.gripper / 2)])


def evaluate(
    policy: Policy,
    encoder: FrameEncoder,
    environments: Callable[[int], Environment],
    seeds: list[int],
    config: EvaluationConfig,
    watch: Watch | None = None,
) -> Iterator[EpisodeResult]:
    """Yield one result per scene seed; watch is shown what the policy sees."""
    for seed in seeds:
        yield run_episode(policy, encoder, environments(seed), seed, config, watch)


def summary(results: list[EpisodeResult]) -> dict[str, Any]:
    """Return the figures that `vip eval --json` writes."""
    successes = sum(result.success for result in results)
    low, high = wilson_interval(successes, len(results))
    return {
        "episodes": len(results),
        "successes": successes,
        "success_rate": round(successes / len(results), 4) if results else 0.0,
        "wilson95": [round(low, 4), round(high, 4)],
        "episode_details": [asdict(result) for result in results],
    }
