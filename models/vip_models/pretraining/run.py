"""A run of pre-training: steps, checkpoints, validations and logs, in one process or many."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from vip_models.card import EncoderCard
from vip_models.pretraining import checkpoint as checkpoints
from vip_models.pretraining.config import PretrainConfig
from vip_models.pretraining.dataset import Dataset
from vip_models.pretraining.distributed import Ranks
from vip_models.pretraining.frozen import FeatureLoader, FrozenStart
from vip_models.pretraining.loader import Loader
from vip_models.pretraining.logs import Logs
from vip_models.pretraining.network import RANDOM
from vip_models.pretraining.objectives import OBJECTIVES, Objective
from vip_models.pretraining.step import Learner
from vip_models.pretraining.validation import CurveFigure, Validator
from vip_models.torch_tools import available_cores
from vip_ros.errors import UserError


@dataclass
class Watch:
    """What the caller wants to hear while a run goes on.

    Attributes:
        step: called with the number of finished steps and, now and then, the parts of the loss.
        validated: called with the number of finished steps and the figures on held-out videos.
        warn: called with one line about something that did not stop the training.
    """

    step: Callable[[int, Mapping[str, float]], None] = lambda step, parts: None
    validated: Callable[[int, Mapping[str, float]], None] = lambda step, figures: None
    warn: Callable[[str], None] = lambda line: None


@dataclass
class Outcome:
    """How a run ended.

    Attributes:
        checkpoint: file that `load_encoder` can open.
        steps: steps done, over all of its starts.
        seconds: time spent training, over all of its starts.
        figures: last validation; empty without held-out videos.
        stopped_early: whether the validation loss had stopped falling.
        skipped: how often a clip was drawn again because of a damaged frame, by reason.
        init: what the weights started from, in the first of its starts.
    """

    checkpoint: Path
    steps: int = 0
    seconds: float = 0.0
    figures: dict[str, float] = field(default_factory=dict)
    stopped_early: bool = False
    skipped: dict[str, int] = field(default_factory=dict)
    init: str = RANDOM


class Run:
    """A run that can be stopped at any moment and started again.

    Args:
        dataset: videos to train on.
        card: architecture, input size and normalisation.
        config: hyper-parameters.
        out: folder of checkpoint and logs, created when missing; a checkpoint in it is resumed.
        ranks: this process among all.
        held_out: videos for validation; none, no validation.
        figures: what validation computes of each video's distances to its last frame.
        init: what the weights start from.
        watch: what the caller wants to hear.

    Raises:
        UserError: no videos, a checkpoint of another run, or another process trains into the same folder.
    """

    def __init__(
        self,
        dataset: Dataset,
        card: EncoderCard,
        config: PretrainConfig,
        out: Path,
        ranks: Ranks | None = None,
        held_out: Dataset | None = None,
        figures: Mapping[str, CurveFigure] | None = None,
        init: str = RANDOM,
        watch: Watch | None = None,
    ) -> None:
        dataset.check()
        self._ranks, self._watch = ranks or Ranks(), watch or Watch()
        cores = max(1, available_cores() // self._ranks.local_world)
        torch.set_num_threads(config.threads or cores)
        self._config = replace(config, workers=config.workers or max(1, min(4, cores // 2)))
        self._card, self._path = card, out / checkpoints.CHECKPOINT
        self._learner = Learner(card, self._config, self._ranks, init)
        self._out = Outcome(self._path, init=init)
        self._best, self._patience, self._saved = math.inf, 0, -1
        self._continue_from(checkpoints.resume(self._path, card, config, self._learner))
        # After the weights are there: features of a frozen start are computed from them.
        self._loader = self._loader_of(dataset, OBJECTIVES.get(config.objective))
        self._validator = (
            Validator(held_out, card, self._config, self._ranks, figures or {}, self._watch.warn)
            if held_out is not None and held_out.clips
            else None
        )
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot make the folder {out}", str(error.strerror)) from None
        self._release = checkpoints.claim(out, self) if self._ranks.first else lambda: None
        self._logs = Logs(out, self._out.steps, self._watch.warn) if self._ranks.first else None

    def _loader_of(self, dataset: Dataset, objective: Objective) -> Loader | FeatureLoader:
        settings = objective, self._card, self._config, self._ranks.rank, self._ranks.world
        network = self._learner.network
        if isinstance(network, FrozenStart):
            return FeatureLoader(dataset, network, *settings)
        return Loader(dataset, *settings)

    @property
    def step(self) -> int:
        """Steps done so far."""
        return self._out.steps

    def train(self) -> Outcome:
        """Do the steps that are left and return how it ended.

        Raises:
            UserError: the loss is no number any more, or the last checkpoint could not be written.
        """
        try:
            self._train()
        finally:
            self._release()
        return self._out

    def _train(self) -> None:
        try:
            if self._out.steps < self._config.steps and not self._out.stopped_early:
                self._loop()
            if self._saved != self._out.steps:
                self._save(last=True)
        finally:
            if self._logs is not None:
                self._logs.close()
        self._out.skipped = dict(self._loader.skipped)

    def _loop(self) -> None:
        config, out = self._config, self._out
        with closing(self._loader.batches(out.steps, config.steps)) as batches:  # closing ends its threads
            began, since = time.monotonic(), out.steps
            for batch in batches:
                parts = self._learner.advance(batch, out.steps)
                out.steps += 1
                end = out.steps == config.steps
                if out.steps % config.log_every == 0 or end:
                    seconds = time.monotonic() - began
                    self._report(parts, seconds / (out.steps - since))
                    out.seconds += seconds
                    began, since = time.monotonic(), out.steps
                else:
                    self._watch.step(out.steps, {})
                paused = time.monotonic()
                if end or (config.validation_every and out.steps % config.validation_every == 0):
                    self._validate()
                if out.steps % config.checkpoint_every == 0 or end or out.stopped_early:
                    self._check_finite("loss", [parts["loss"]])
                    self._save(last=end or out.stopped_early)
                if out.stopped_early:
                    return
                began += time.monotonic() - paused  # the pace is that of the training alone

    def _report(self, parts: Mapping[str, Any], seconds: float) -> None:
        self._check_finite("loss", [parts["loss"]])
        values = {name: float(value) for name, value in parts.items()}
        values["images_per_second"] = (
            OBJECTIVES.get(self._config.objective).frames * self._config.batch_size / seconds
        )
        self._watch.step(self._out.steps, values)
        if self._logs is not None:
            self._logs.write(self._out.steps, "train", values)

    def _check_finite(self, name: str, values: Iterable[Any]) -> None:
        if not all(bool(value.isfinite().all()) for value in values):
            raise UserError(
                f"the {name} is no number any more at step {self._out.steps}",
                "lower --learning-rate; the last checkpoint is as it was",
            )

    def _validate(self) -> None:
        if self._validator is None:
            return
        try:
            figures = self._validator.measure(self._learner)
        except UserError:
            self._save(last=False)  # what was trained is not lost for what it cannot be judged on
            raise
        self._out.figures = figures
        self._patience = 0 if figures["loss"] < self._best else self._patience + 1
        self._best = min(self._best, figures["loss"])
        self._out.stopped_early = bool(self._config.early_stop) and self._patience >= self._config.early_stop
        self._watch.validated(self._out.steps, figures)
        if self._logs is not None:
            self._logs.write(self._out.steps, "validation", figures)

    def _save(self, last: bool) -> None:
        # The loss was taken before the step that may have spoiled them.
        self._check_finite("weight of a layer", self._learner.network.parameters())
        if not self._ranks.first:
            return
        progress = {
            "global_step": self._out.steps,
            "seconds": self._out.seconds,
            "figures": self._out.figures,
            "best": self._best,
            "patience": self._patience,
            "init": self._out.init,
        }
        try:
            checkpoints.save(self._path, self._card, self._config, self._learner, progress)
            self._saved = self._out.steps
        except OSError as error:
            what = f"the checkpoint of step {self._out.steps} cannot be written: {error.strerror or error}"
            kept = f"that of step {self._saved} is kept" if self._saved >= 0 else "there is none yet"
            if last:
                raise UserError(what, f"make room and start again; {kept}", str(self._path)) from None
            self._watch.warn(f"{what}; {kept}, the next is tried after {self._config.checkpoint_every} steps")

    def _continue_from(self, saved: Mapping[str, Any]) -> None:
        if not saved:
            return
        self._out.steps = self._saved = int(saved["global_step"])
        self._out.seconds = float(saved.get("seconds", 0.0))
        self._out.figures = dict(saved.get("figures", {}))
        self._out.init = str(saved.get("init", self._out.init))
        self._best, self._patience = float(saved.get("best", math.inf)), int(saved.get("patience", 0))
        stop = self._config.early_stop
        self._out.stopped_early = bool(stop) and self._patience >= stop
