"""Batch normalisation over the batch of all processes, also on the CPU, where torch has none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist


class _Sum(torch.autograd.Function):
    """The sum over processes; the gradient of a sum is the sum of the gradients."""

    @staticmethod
    def forward(context: Any, values: Any) -> Any:
        total = values.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, *gradients: Any) -> Any:
        total = gradients[0].contiguous().clone()
        dist.all_reduce(total)
        return total


class JoinedBatchNorm(torch.nn.BatchNorm2d):
    """BatchNorm2d whose mean and variance are those of all processes' images; shares have to be equal."""

    def forward(self, images: Any) -> Any:
        """Normalise [N,C,H,W]; gradients flow through the joint statistics to all processes."""
        if not self.training:
            return super().forward(images)
        values, channel = images.float(), (1, -1, 1, 1)
        count = values.numel() // values.shape[1] * dist.get_world_size()
        mean = _Sum.apply(values.sum((0, 2, 3))) / count
        centred = values - mean.view(channel)
        variance = _Sum.apply(centred.square().sum((0, 2, 3))) / count
        self._remember(mean.detach(), variance.detach() * count / max(1, count - 1))
        scale = self.weight / (variance + self.eps).sqrt()
        return (centred * scale.view(channel) + self.bias.view(channel)).to(images.dtype)

    @torch.no_grad()
    def _remember(self, mean: Any, variance: Any) -> None:
        own: Any = self
        own.running_mean.lerp_(mean, own.momentum)
        own.running_var.lerp_(variance, own.momentum)
        own.num_batches_tracked.add_(1)


def join_batch_norms(network: Any, device: str) -> Any:
    """Let every BatchNorm2d of a network see all processes; its tensors stay, and what is frozen stays so."""
    if device.startswith("cuda"):
        return torch.nn.SyncBatchNorm.convert_sync_batchnorm(network)
    for name, child in network.named_children():
        if type(child) is torch.nn.BatchNorm2d:
            joint = JoinedBatchNorm(child.num_features, child.eps, child.momentum)
            joint.load_state_dict(child.state_dict())
            joint.train(child.training)
            for own, given in zip(joint.parameters(), child.parameters(), strict=True):
                own.requires_grad_(given.requires_grad)
            setattr(network, name, joint)
        else:
            join_batch_norms(child, device)
    return network


@contextmanager
def statistics_kept(network: Any) -> Iterator[None]:
    """Keep the running statistics as they are while a batch passes that will pass again."""
    norms: list[Any] = [
        module for module in network.modules() if isinstance(module, torch.nn.modules.batchnorm._BatchNorm)
    ]
    before = [(norm.momentum, int(norm.num_batches_tracked)) for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, (momentum, batches) in zip(norms, before, strict=True):
            norm.momentum = momentum
            norm.num_batches_tracked.fill_(batches)
