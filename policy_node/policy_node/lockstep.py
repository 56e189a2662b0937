"""Closed-loop evaluation of a bundle in the simulator, faster than real time: the core of `vip eval`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from policy_node.bundle import load_bundle
from policy_node.embeddings import FrameEncoder
from policy_node.evaluation import EpisodeResult, EvaluationConfig, Watch, evaluate, summary
from policy_node.named_joints import InPolicyOrder, joint_order
from policy_node.policy import Policy
from policy_node.policy_config import PolicyConfig

EVALUATION_SEED = 1_000_000
"""First scene seed when none is given; demonstrations count up from 0."""


def evaluate_in_simulator(
    bundle: Path,
    load: Callable[[PolicyConfig], FrameEncoder],
    task: str,
    episodes: int,
    seed: int = EVALUATION_SEED,
    config: EvaluationConfig | None = None,
    on_episode: Callable[[EpisodeResult], None] | None = None,
    watch: Watch | None = None,
) -> dict[str, Any]:
    """Run a policy on scenes of consecutive seeds and return the figures.

    Args:
        bundle: folder of the policy.
        load: gives the encoder that the policy asks for.
        task: task name in any spelling; empty: the policy's own.
        episodes: how many scenes.
        seed: scene seed of the first.
        config: how the episodes run.
        on_episode: told of every finished episode.
        watch: shown every picture that the policy acts on, and its embedding.

    Raises:
        UserError: no such policy or task, an encoder or a robot that is not the policy's, or a rate that
            lockstep cannot keep.
    """
    from franka_node.sim.lockstep import LockstepEnv
    from franka_node.sim.panda import FINGER_NAMES, JOINT_NAMES
    from franka_node.sim.tasks import task_name

    policy = Policy(load_bundle(bundle))
    name = task_name(task or policy.config.task)
    config = config or EvaluationConfig()
    config.check_rate(policy.config.rate)
    order = joint_order(policy.config, JOINT_NAMES, FINGER_NAMES)
    encoder = load(policy.config)
    policy.config.check_encoder(encoder.id)
    scene = LockstepEnv(name, seed)

    def scene_of(number: int) -> InPolicyOrder:
        scene.reset(number)
        return InPolicyOrder(scene, order)

    results = []
    try:
        seeds = list(range(seed, seed + episodes))
        for result in evaluate(policy, encoder, scene_of, seeds, config, watch):
            results.append(result)
            if on_episode is not None:
                on_episode(result)
    finally:
        scene.close()
    facts = {"task": name, "policy": str(bundle), "encoder": encoder.id, "mode": "lockstep", "seed": seed}
    return {**facts, **summary(results)}
