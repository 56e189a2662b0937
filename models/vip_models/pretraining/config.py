"""What a run of pre-training can be told."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from vip_ros.config import option
from vip_ros.errors import UserError, unknown_name

PRECISIONS = ("auto", "fp32", "bf16")
# How long, how fast and how closely watched a run is may change when it is resumed; what it learns may not.
_FREE = frozenset(
    {"steps", "accumulate", "precision", "threads", "workers", "checkpoint_every", "validation_every",
     "validation_videos", "early_stop", "log_every"}
)  # fmt: skip


@dataclass(frozen=True)
class PretrainConfig:
    """Hyper-parameters; the defaults are those of the VIP paper (arXiv 2210.00030, table 2) but for steps."""

    objective: str = option("vip", "name in the registry of objectives")
    steps: int = option(10_000, "optimisation steps; the released Ego4D model has 2 000 000")
    batch_size: int = option(32, "clips per step over all processes; VIP takes four frames of each")
    accumulate: int = option(1, "parts in which a process computes its share of a batch, to save memory")
    learning_rate: float = option(1e-4, "of Adam")
    decay: str = option("none", "of the learning rate over the steps: none or cosine")
    discount: float = option(0.98, "gamma, per frame")
    negatives: int = option(3, "scorings against other clips")
    l1_weight: float = option(1e-3, "weight of the mean L1 norm of the embeddings")
    l2_weight: float = option(1e-3, "weight of the mean L2 norm of the embeddings")
    reconstruct: float = option(0.0, "weight of reading a small picture from the embedding, 0 for none")
    returns: float = option(0.0, "weight of regressing distances on the time between frames, 0 for none")
    order: float = option(0.0, "weight of ranking frames by their distance to every later one, 0 for none")
    frozen: str = option("", "last layer that keeps its initial weights, as all before it do; empty: none")
    views: int = option(2, "fixed crops through which a video is seen when a part of the network is frozen")
    smallest_crop: float = option(0.2, "least share of a frame's area that a random crop keeps, 1 for none")
    precision: str = option(
        "auto", "of the forward pass: fp32, bf16, or auto: bf16 where the hardware has it"
    )
    sync_batch_norm: bool = option(True, "normalise over the batch of all processes, as one process would")
    seed: int = option(1, "of the weights and of the sampling, not negative")
    threads: int = option(0, "CPU threads of the network, 0 for all cores")
    workers: int = option(0, "threads that read and crop frames, 0: as many as this machine has use for")
    checkpoint_every: int = option(500, "steps between checkpoints")
    validation_every: int = option(0, "steps between validations on held-out videos, 0 for one at the end")
    validation_videos: int = option(32, "held-out videos, at most, whose curves are judged")
    early_stop: int = option(0, "validations without a better loss after which to stop, 0 for never")
    log_every: int = option(10, "steps between lines of the log")

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            UserError: a number outside its range, or an unknown precision.
        """
        for name in ("steps", "batch_size", "accumulate", "checkpoint_every", "log_every", "views"):
            self._check(name, getattr(self, name) >= 1, "at least 1")
        for name in ("negatives", "seed", "threads", "workers", "validation_every", "early_stop"):
            self._check(name, getattr(self, name) >= 0, "not negative")
        for name in ("l1_weight", "l2_weight", "reconstruct", "returns", "order"):
            self._check(name, getattr(self, name) >= 0.0, "not negative")
        if self.early_stop and not self.validation_every:
            raise UserError("early_stop without validation_every never stops", "give both")
        self._check("discount", 0.0 <= self.discount <= 1.0, "from 0 to 1")
        self._check("smallest_crop", 0.0 < self.smallest_crop <= 1.0, "above 0 and at most 1")
        self._check("learning_rate", 0.0 < self.learning_rate < float("inf"), "a positive number")
        if self.precision not in PRECISIONS:
            raise unknown_name("precision", self.precision, PRECISIONS)

    def _check(self, name: str, fine: bool, wanted: str) -> None:
        if not fine:
            raise UserError(f"{name} is {getattr(self, name)}", f"give one that is {wanted}")

    def fixed(self) -> dict[str, Any]:
        """Return the settings that a resumed run has to share with the run it continues."""
        return {name: value for name, value in dataclasses.asdict(self).items() if name not in _FREE}
