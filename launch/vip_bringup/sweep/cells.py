"""One cell of a sweep: what it compares, how it is learned and judged, and its file on disk."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from policy_node.algorithms import ALGORITHMS
from policy_node.bundle import save_bundle
from policy_node.dataset import Dataset, load_dataset
from policy_node.embeddings import FrameEncoder
from policy_node.evaluation import EpisodeResult, EvaluationConfig
from policy_node.learning import TrainConfig
from policy_node.lockstep import evaluate_in_simulator
from policy_node.training import describe, goal_of
from vip_bringup.json_file import check_place, write_json
from vip_bringup.sweep.data import Episodes
from vip_bringup.sweep.eyes import Eyes
from vip_bringup.sweep.methods import Method
from vip_teleop.episode import load_info


@dataclass(frozen=True)
class Cell:
    """What one cell is about.

    Attributes:
        task: simulator task.
        method: name of the row.
        encoder: what the sweep calls the encoder.
        demonstrations: episodes that solve the task.
        failures: episodes that do not.
        tau: sharpness of the weights; None: the method's own.
        train_seed: of the training.
    """

    task: str
    method: str
    encoder: str
    demonstrations: int
    failures: int = 0
    tau: float | None = None
    train_seed: int = 0

    @property
    def name(self) -> str:
        """A name for files."""
        tau = "" if self.tau is None else f"-tau{self.tau:g}"
        data = f"{self.demonstrations}+{self.failures}"
        return f"{self.task}-{self.method}-{self.encoder}-{data}{tau}-s{self.train_seed}"


@dataclass(frozen=True)
class Judge:
    """How every cell is judged: the same scenes for all.

    Attributes:
        episodes: how many scenes.
        seed: scene seed of the first.
        timeout: s per episode.
    """

    episodes: int = 20
    seed: int = 1_000_000
    timeout: float = 10.0


class Bench:
    """Learns and judges cells; keeps encoders and the last dataset in memory.

    Args:
        out: folder of the sweep.
        episodes: where the data are.
        judge: how cells are judged.
        common: training options of every cell.
        told: hears what is being done, how much is done and how much there is.
    """

    def __init__(
        self,
        out: Path,
        episodes: Episodes,
        judge: Judge,
        common: dict[str, Any],
        told: Callable[[str, int, int], None],
    ) -> None:
        self._out, self._episodes = out, episodes
        self._judge, self._common, self._told = judge, common, told
        self._encoders: dict[Eyes, FrameEncoder] = {}
        self._dataset: tuple[tuple[object, ...], Dataset] | None = None

    def finished(self, cell: Cell, method: Method, eyes: Eyes) -> dict[str, Any] | None:
        """Return the result of a cell that was run before in just this way, or None."""
        try:
            result = json.loads(self._file(cell).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return result if result.get("fingerprint") == self._fingerprint(cell, method, eyes) else None

    def run(self, cell: Cell, method: Method, eyes: Eyes) -> dict[str, Any]:
        """Learn, judge, write the cell's file in one rename, and return its content."""
        begin = time.monotonic()
        # Of what it begins with: files that change while it runs are not what was judged.
        fingerprint = self._fingerprint(cell, method, eyes)
        config = self._config(cell, method)
        encoder = self._encoder(eyes)
        dataset = self._data(cell, encoder, config)
        learned = ALGORITHMS.get(method.algorithm)(dataset, config, self._told)
        bundle = self._out / "policies" / cell.name
        description = describe(dataset, learned, method.algorithm, config, {})
        save_bundle(bundle, description, learned.tensors, goal_of(dataset))
        taught = time.monotonic()
        done: list[EpisodeResult] = []

        def told(result: EpisodeResult) -> None:
            done.append(result)
            self._told(f"judging {cell.name}", len(done), self._judge.episodes)

        judged = evaluate_in_simulator(
            bundle,
            lambda _: encoder,
            cell.task,
            self._judge.episodes,
            self._judge.seed,
            EvaluationConfig(timeout=self._judge.timeout),
            told,
        )
        result = {
            **asdict(cell),
            "about": method.about,
            "algorithm": method.algorithm,
            "encoder_id": encoder.id,
            "successes": judged["successes"],
            "episodes": judged["episodes"],
            "success_rate": judged["success_rate"],
            "wilson95": judged["wilson95"],
            "solved": [detail["success"] for detail in judged["episode_details"]],
            "seed": self._judge.seed,
            "training": learned.figures,
            "train_seconds": round(taught - begin, 1),
            "judge_seconds": round(time.monotonic() - taught, 1),
            "fingerprint": fingerprint,
        }
        _write(self._file(cell), result)
        return result

    def _file(self, cell: Cell) -> Path:
        return self._out / "cells" / f"{cell.name}.json"

    def _config(self, cell: Cell, method: Method) -> TrainConfig:
        config = replace(method.config(cell.task, self._common), seed=cell.train_seed)
        return config if cell.tau is None else replace(config, tau=cell.tau)

    def _fingerprint(self, cell: Cell, method: Method, eyes: Eyes) -> str:
        parts = (
            asdict(cell),
            method.algorithm,
            asdict(self._config(cell, method)),
            asdict(self._judge),
            [
                (path.name, load_info(path).sha256)
                for path in self._episodes.paths(cell.task, cell.demonstrations, cell.failures)
            ],
            eyes.identity(),
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]

    def _encoder(self, eyes: Eyes) -> FrameEncoder:
        if eyes not in self._encoders:
            self._encoders[eyes] = eyes.load(self._out)
        return self._encoders[eyes]

    def _data(self, cell: Cell, encoder: FrameEncoder, config: TrainConfig) -> Dataset:
        paths = tuple(self._episodes.paths(cell.task, cell.demonstrations, cell.failures))
        key = (paths, encoder.id, config.step_duration, config.horizon, config.metric)
        if self._dataset is None or self._dataset[0] != key:
            dataset = load_dataset(
                paths, encoder, config.step_duration, config.horizon, self._told, config.metric
            )
            self._dataset = (key, dataset)
        return self._dataset[1]


def _write(path: Path, result: dict[str, Any]) -> None:
    check_place(path)
    write_json(path, result)
