"""How long a policy thinks: from an embedding and joint positions to a chunk."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from policy_node.bundle import load_bundle
from policy_node.policy import Policy

CALLS = 5_000
_WARM_UP = 200


def policy_latency(bundle: Path) -> dict[str, float]:
    """Return p50, p95 and p99 of one call, ms, as the node makes it: in numpy on the CPU, without torch.

    Beside the time on the clock stands the processor time, cpu_p99: on a machine with more to do than cores,
    the clock also counts the waiting for a turn.

    Raises:
        UserError: no such policy.
    """
    policy = Policy(load_bundle(bundle))
    config = policy.config
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(64, config.embedding_dim)).astype(np.float32)
    joints = rng.normal(size=(64, len(config.observed_joints)))
    spent, used = np.empty(_WARM_UP + CALLS), np.empty(_WARM_UP + CALLS)
    for call in range(len(spent)):
        begin, turn = time.perf_counter(), time.thread_time()
        policy.act(embeddings[call % 64], joints[call % 64], call / config.rate)
        spent[call], used[call] = time.perf_counter() - begin, time.thread_time() - turn
    figures = {f"p{share}": np.percentile(spent[_WARM_UP:], share) for share in (50, 95, 99)}
    figures["cpu_p99"] = np.percentile(used[_WARM_UP:], 99)
    return {name: round(1e3 * float(value), 4) for name, value in figures.items()}
