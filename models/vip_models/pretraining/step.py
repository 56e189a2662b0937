"""One optimisation step: embeddings of all processes' clips, one loss, one gradient."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch
from torch.nn.parallel import DistributedDataParallel

from vip_models.card import EncoderCard
from vip_models.pretraining.auxiliary import PICTURE_SIDE, Reconstruction, order_error, return_error
from vip_models.pretraining.batch_norm import join_batch_norms, statistics_kept
from vip_models.pretraining.config import PretrainConfig
from vip_models.pretraining.distributed import Ranks
from vip_models.pretraining.frozen import FrozenStart
from vip_models.pretraining.loader import Batch
from vip_models.pretraining.network import RANDOM, half_precision, new_network
from vip_models.pretraining.objectives import OBJECTIVES
from vip_models.pretraining.schedule import learning_rate
from vip_ros.errors import UserError


class Learner:
    """Network and optimiser of one process.

    Args:
        card: architecture, input size and normalisation.
        config: hyper-parameters.
        ranks: this process among all.
        init: what the weights start from.

    Raises:
        UserError: a batch that cannot be shared equally, or initial weights that do not fit.
    """

    def __init__(self, card: EncoderCard, config: PretrainConfig, ranks: Ranks, init: str = RANDOM) -> None:
        shares = ranks.world * config.accumulate
        if config.batch_size % shares:
            raise UserError(
                f"a batch of {config.batch_size} clips does not fall into {shares} equal parts",
                "choose a multiple of processes x --accumulate",
            )
        self._config, self._ranks = config, ranks
        self._objective = OBJECTIVES.get(config.objective)
        self._half = half_precision(config.precision, ranks.device)
        self.network = new_network(card, config.seed, init).to(ranks.device)
        if config.frozen:
            self.network = FrozenStart(self.network, config.frozen)
        if ranks.world > 1 and config.sync_batch_norm:
            self.network = join_batch_norms(self.network, ranks.device)
        self._parallel = self._distribute()
        self.auxiliary = torch.nn.ModuleDict()
        if config.reconstruct:
            self.auxiliary["reconstruction"] = Reconstruction(card.dim, PICTURE_SIDE, config.seed)
        self.auxiliary.to(ranks.device)
        changing = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        trained = [*changing, *self.auxiliary.parameters()]
        self.optimizer = torch.optim.Adam(trained, lr=config.learning_rate, fused=True)

    def _distribute(self) -> Any:
        if self._ranks.world == 1:
            return self.network
        devices = [self._ranks.local_rank] if self._ranks.device.startswith("cuda") else None
        # Joined statistics are the same everywhere; of separate ones rank 0's are kept, as they are saved.
        return DistributedDataParallel(
            self.network, device_ids=devices, forward_sync_buffers=False, gradient_as_bucket_view=True
        )

    def advance(self, batch: Batch, step: int) -> dict[str, Any]:
        """Do step number `step` (from 0) and return the loss and its parts, each a scalar tensor."""
        config = self._config
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(config.learning_rate, config.decay, step, config.steps)
        # What a network draws itself (dropout) follows the step too, so that a resumed run goes on alike.
        torch.manual_seed((config.seed * 1_000_003 + step) * 4099 + self._ranks.rank)
        frames = torch.from_numpy(batch.frames)
        if self._ranks.device.startswith("cuda"):
            frames = frames.pin_memory().to(self._ranks.device, non_blocking=True)
        self.optimizer.zero_grad(set_to_none=True)
        parts = frames.chunk(config.accumulate, dim=1)
        values = self._whole(parts[0], batch) if len(parts) == 1 else self._in_parts(parts, batch)
        for parameter in self.auxiliary.parameters():
            # Every process has seen the whole batch here, and the loss was taken times their number.
            assert parameter.grad is not None
            parameter.grad /= self._ranks.world
        self.optimizer.step()
        return values

    def _whole(self, frames: Any, batch: Batch) -> dict[str, Any]:
        embeddings = self.embed(frames, self._parallel)
        loss, values = self._loss(embeddings, batch)
        (loss * self._ranks.world).backward()
        return values

    def _in_parts(self, parts: tuple[Any, ...], batch: Batch) -> dict[str, Any]:
        """Embed all parts without a graph, then each with one, against the gradient of the joint loss.

        The mean inside the logarithm makes the loss of a batch more than the mean of its parts' losses, so
        adding up the parts' gradients would train something else (gradient caching, arXiv 2101.06983).
        """
        with torch.no_grad(), statistics_kept(self.network):
            embeddings = torch.cat([self.embed(part, self.network) for part in parts], dim=1)
        embeddings.requires_grad_()
        loss, values = self._loss(embeddings, batch)
        (loss * self._ranks.world).backward()
        assert embeddings.grad is not None
        shares = embeddings.grad.chunk(len(parts), dim=1)
        for index, (part, share) in enumerate(zip(parts, shares, strict=True)):
            last = index == len(parts) - 1
            local = nullcontext() if last or self._ranks.world == 1 else self._parallel.no_sync()
            with local:
                self.embed(part, self._parallel).backward(share)
        return values

    def _loss(self, embeddings: Any, batch: Batch) -> tuple[Any, dict[str, Any]]:
        """Return the loss of all processes' clips, and it and its parts without their graph."""
        config, ranks = self._config, self._ranks
        joined = ranks.join(embeddings)
        permutations = torch.from_numpy(batch.permutations).to(ranks.device)
        loss, values = self._objective.loss(joined, permutations, config)
        if config.returns or config.order:
            times = ranks.join(torch.from_numpy(batch.times).to(ranks.device))
        if config.returns:
            values["returns"] = return_error(joined, times, config.discount)
            loss = loss + config.returns * values["returns"]
        if config.order:
            values["order"] = order_error(joined, times)
            loss = loss + config.order * values["order"]
        if config.reconstruct:
            read_out: Any = self.auxiliary["reconstruction"]
            pictures = read_out.pictures(torch.from_numpy(batch.pictures).to(ranks.device))
            values["unexplained"] = read_out(joined, ranks.join(pictures))
            loss = loss + config.reconstruct * values["unexplained"]
        return loss, {name: value.detach() for name, value in {"loss": loss, **values}.items()}

    def embed(self, frames: Any, network: Any = None) -> Any:
        """Return embeddings float32 [F,B,D] of frames uint8 [F,B,size,size,3], or of features of them."""
        kind = self._ranks.device.partition(":")[0]
        with torch.autocast(kind, torch.bfloat16, enabled=self._half):
            embeddings = (self.network if network is None else network)(frames.flatten(0, 1))
        return embeddings.float().unflatten(0, frames.shape[:2])
