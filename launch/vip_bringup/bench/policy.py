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

    Raises:
        UserError: no such policy.
    """
    policy = Policy(load_bundle(bundle))
    config = policy.config
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(64, config.embedding_dim)).astype(np.float32)
    joints = rng.normal(size=(64, len(config.observed_joints)))
    spent = np.empty(_WARM_UP + CALLS)
    for call in range(len(spent)):
        begin = time.perf_counter()
        policy.act(embeddings[call % 64], joints[call % 64], call / config.rate)
        spent[call] = time.perf_counter() - begin
    p50, p95, p99 = np.percentile(1e3 * spent[_WARM_UP:], [50, 95, 99])
    return {"p50": round(float(p50), 4), "p95": round(float(p95), 4), "p99": round(float(p99), 4)}
