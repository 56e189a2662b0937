"""What a closed-loop evaluation leaves behind: report.json and reward_curve.png."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np


@dataclass
class EpisodeTrace:
    """What one closed-loop episode looked like from outside.

    Attributes:
        seed: scene seed of the episode.
        success: the simulator's own predicate, never the reward.
        outcome: how the policy run ended (success, timeout, fault, …).
        duration: s.
        stamps: image stamps of the rewards, s since the episode's first image.
        distances: goal distance per image.
        rewards: reward per image.
        latencies: s, image stamp to the first command that followed from it.
    """

    seed: int
    success: bool = False
    outcome: str = ""
    duration: float = 0.0
    stamps: list[float] = field(default_factory=list)
    distances: list[float] = field(default_factory=list)
    rewards: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)


def percentiles_ms(seconds: list[float]) -> dict[str, float | None]:
    """Return p50, p95 and p99 in ms; None where nothing was measured."""
    if not seconds:
        return {"p50": None, "p95": None, "p99": None}
    values = np.percentile(np.asarray(seconds) * 1e3, [50, 95, 99])
    return {name: round(float(value), 2) for name, value in zip(("p50", "p95", "p99"), values, strict=True)}


def write_report(path: Path, facts: dict[str, Any], episodes: list[EpisodeTrace]) -> dict[str, Any]:
    """Write report.json; the facts come first, the episodes' traces in short form after them."""
    latencies = [latency for episode in episodes for latency in episode.latencies]
    report = {
        **facts,
        "latency_ms": percentiles_ms(latencies),
        "latency_samples": len(latencies),
        "episode_details": [
            {key: value for key, value in asdict(episode).items() if not isinstance(value, list)}
            | {"images": len(episode.distances), "return": round(math.fsum(episode.rewards), 4)}
            for episode in episodes
        ],
    }
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return report


def plot_rewards(path: Path, episodes: list[EpisodeTrace], title: str) -> None:
    """Draw goal distance and cumulative reward over time, one line per episode."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    for episode in episodes:
        if not episode.distances:
            continue
        colour = "#1b7f4d" if episode.success else "#c0392b"
        axes[0].plot(episode.stamps, episode.distances, color=colour, alpha=0.7, linewidth=1.4)
        axes[1].plot(episode.stamps, np.cumsum(episode.rewards), color=colour, alpha=0.7, linewidth=1.4)
    axes[0].set(xlabel="time (s)", ylabel="distance to goal  ‖φ(o) − φ(g)‖₂", title="Goal distance")
    axes[1].set(xlabel="time (s)", ylabel="Σ reward", title="Cumulative reward  S(o′; g) − S(o; g)")
    for axis in axes:
        axis.grid(alpha=0.25)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylim(bottom=0)
    handles = [
        plt.Line2D([], [], color=c, label=n) for c, n in (("#1b7f4d", "success"), ("#c0392b", "failure"))
    ]
    axes[1].legend(handles=handles, frameon=False)
    figure.suptitle(title)
    figure.savefig(path, dpi=130)
    plt.close(figure)
