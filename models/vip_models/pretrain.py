"""Pre-training of an encoder on videos with the VIP objective; it can be stopped and resumed."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vip_models.card import EncoderCard
from vip_models.clips import check_videos, sample_batch
from vip_models.export import build_network
from vip_models.objective import vip_loss
from vip_models.schedule import learning_rate
from vip_models.torch_tools import available_cores, import_torch
from vip_ros.config import option
from vip_ros.errors import UserError

CHECKPOINT = "checkpoint.pt"
Progress = Callable[[int, dict[str, float]], None]


@dataclass(frozen=True)
class PretrainConfig:
    """Hyper-parameters; the defaults are those of the VIP paper."""

    steps: int = option(10_000, "optimisation steps")
    batch_size: int = option(32, "clips per step; each gives four frames")
    learning_rate: float = option(1e-4, "of Adam")
    decay: str = option("none", "of the learning rate over the steps: none or cosine")
    discount: float = option(0.98, "gamma, per frame")
    negatives: int = option(3, "scorings against another clip's goal")
    l1_weight: float = option(1e-3, "weight of the mean L1 norm of the embeddings")
    l2_weight: float = option(1e-3, "weight of the mean L2 norm of the embeddings")
    smallest_crop: float = option(0.2, "least share of a frame's area that a random crop keeps")
    precision: str = option("float32", "of the forward pass: float32 or bfloat16")
    seed: int = option(1, "of the weights and of the sampling")
    threads: int = option(0, "CPU threads, 0 for all cores")
    checkpoint_every: int = option(500, "steps between checkpoints")


def pretrain(
    videos: Sequence[np.ndarray],
    card: EncoderCard,
    config: PretrainConfig,
    out: Path,
    on_step: Progress | None = None,
) -> Path:
    """Train the card's network on videos and return the checkpoint file, which `load_encoder` can open.

    A checkpoint already in `out` is resumed; an interruption loses at most `checkpoint_every` steps.

    Args:
        videos: each uint8 [T,H,W,3] RGB with T ≥ 3; sizes may differ.
        card: architecture, input size and normalisation.
        config: hyper-parameters.
        out: folder of the checkpoint, created when missing.
        on_step: called with the number of finished steps and the parts of the loss.

    Raises:
        UserError: no usable videos, or a checkpoint of another architecture or configuration.
    """
    check_videos(videos)
    torch = import_torch("pre-training")
    torch.set_num_threads(config.threads or available_cores())
    trainer = _Trainer(torch, card, config, out / CHECKPOINT)
    trainer.resume()
    while trainer.step < config.steps:
        parts = trainer.advance(videos)
        if on_step is not None:
            on_step(trainer.step, parts)
        if trainer.step % config.checkpoint_every == 0 or trainer.step == config.steps:
            trainer.save()
    return trainer.path


class _Trainer:
    """Network, optimiser and random state of one run."""

    def __init__(self, torch: Any, card: EncoderCard, config: PretrainConfig, path: Path) -> None:
        self._torch, self._card, self._config, self.path = torch, card, config, path
        self.step = 0
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            # Channels-last is the layout oneDNN convolves fastest.
            self._network = build_network(card).to(memory_format=torch.channels_last).train()
        self._optimizer = torch.optim.Adam(self._network.parameters(), lr=config.learning_rate)
        self._generator = torch.Generator().manual_seed(config.seed)
        self._mean = 255.0 * torch.tensor(card.mean).view(1, 3, 1, 1)
        self._std = 255.0 * torch.tensor(card.std).view(1, 3, 1, 1)

    def advance(self, videos: Sequence[np.ndarray]) -> dict[str, float]:
        """Do one optimisation step and return the parts of the loss and the seconds it took."""
        torch, config, began = self._torch, self._config, time.monotonic()
        clips = sample_batch(
            videos, config.batch_size, self._card.crop, config.smallest_crop, self._generator
        )
        frames = (clips.flatten(0, 1) - self._mean) / self._std
        frames = frames.contiguous(memory_format=torch.channels_last)
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate(config.learning_rate, config.decay, self.step, config.steps)
        with torch.autocast("cpu", torch.bfloat16, enabled=config.precision == "bfloat16"):
            embeddings = self._network(frames)
        loss, parts = vip_loss(
            embeddings.float().unflatten(0, clips.shape[:2]),
            config.discount,
            config.negatives,
            config.l1_weight,
            config.l2_weight,
            generator=self._generator,
        )
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.step()
        self.step += 1
        return {**parts, "seconds": time.monotonic() - began}

    def save(self) -> None:
        """Write the checkpoint; the file appears complete or not at all."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        state = {f"{self._card.prefix}{name}": value for name, value in self._network.state_dict().items()}
        temporary = self.path.with_suffix(f".{os.getpid()}.part")
        checkpoint = {
            self._card.state_path: state,
            "global_step": self.step,
            "optimizer": self._optimizer.state_dict(),
            "generator": self._generator.get_state(),
            "config": dataclasses.asdict(self._config),
            "architecture": self._card.architecture,
        }
        try:
            self._torch.save(checkpoint, temporary)
            temporary.replace(self.path)
        finally:
            temporary.unlink(missing_ok=True)

    def resume(self) -> None:
        """Continue from the checkpoint when there is one."""
        if not self.path.is_file():
            return
        saved = self._torch.load(self.path, map_location="cpu", weights_only=True)
        now = {**dataclasses.asdict(self._config), "architecture": self._card.architecture}
        before = {**saved["config"], "architecture": saved["architecture"]}
        # How long and how fast to train may change between runs; what is being trained may not.
        for key in set(now) - {"steps", "threads", "checkpoint_every", "precision"}:
            if now[key] != before.get(key):
                raise UserError(
                    f"the checkpoint was trained with {key}={before.get(key)}, not {now[key]}",
                    "use the same settings, or another output folder",
                    str(self.path),
                )
        prefix = len(self._card.prefix)
        self._network.load_state_dict({k[prefix:]: v for k, v in saved[self._card.state_path].items()})
        self._optimizer.load_state_dict(saved["optimizer"])
        self._generator.set_state(saved["generator"])
        self.step = saved["global_step"]
