"""d3rlpy's behaviour cloning and implicit Q-learning on the same arrays, for comparison (extra "peers").

States are the standardised components and joints that the other algorithms see, actions the standardised
chunks, rewards the distances covered; networks, losses and step sizes are that library's own defaults.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from policy_node.algorithms import ALGORITHMS
from policy_node.dataset import Dataset, Progress
from policy_node.learning import LearnedPolicy, TrainConfig
from policy_node.network import PolicyNetwork
from policy_node.regression import data_figures, named_tensors
from policy_node.rewards import even_weights, reward_scale, reward_span, span_rewards
from policy_node.samples import Samples, Scales, fit_projection, gather, scales_of
from vip_ros.errors import InternalError, UserError
from vip_ros.extras import install_extra

_STEPS = 10_000
_EPOCH = 1_000
_SPREAD = 3.0
"""Standard deviations of an action that d3rlpy's range from −1 to 1 stands for."""


@ALGORITHMS.register("d3rlpy-bc")
def d3rlpy_behaviour_cloning(
    dataset: Dataset, config: TrainConfig, progress: Progress | None = None
) -> LearnedPolicy:
    """Learn by d3rlpy.algos.BC; raises UserError when d3rlpy is not installed."""
    return _learn("BCConfig", dataset, config, progress)


@ALGORITHMS.register("d3rlpy-iql")
def d3rlpy_implicit_q_learning(
    dataset: Dataset, config: TrainConfig, progress: Progress | None = None
) -> LearnedPolicy:
    """Learn by d3rlpy.algos.IQL; raises UserError when d3rlpy is not installed."""
    return _learn("IQLConfig", dataset, config, progress)


def _learn(kind: str, dataset: Dataset, config: TrainConfig, progress: Progress | None) -> LearnedPolicy:
    library = _d3rlpy()
    torch.set_num_threads(config.threads)
    ones = even_weights(dataset)
    whole = gather(dataset, ones, range(len(ones)), config)
    projection = fit_projection(dataset, range(len(ones)), config)
    samples = replace(whole, embeddings=projection(whole.embeddings))
    scales = scales_of(samples)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        library.seed(config.seed % 2**32)  # numpy's old generator takes no larger one
        data = _transitions(library, dataset, samples, scales, config)
        learner = getattr(library.algos, kind)().create(device="cpu:0")
        epochs = learner.fitter(
            data,
            n_steps=_STEPS,
            n_steps_per_epoch=_EPOCH,
            show_progress=False,
            logger_adapter=library.logging.NoopAdapterFactory(),
        )
        for epoch, _ in epochs:
            if progress is not None:
                progress("training", epoch * _EPOCH, _STEPS)
    wide = replace(scales, output_std=_SPREAD * scales.output_std)
    tensors = {**named_tensors(_layers(learner), wide, projection), "squash": np.ones(1, np.float32)}
    _check(learner, tensors, whole, samples, wide)
    figures = {"steps": _STEPS, "error": _error(tensors, whole, scales), "d3rlpy": library.__version__}
    return LearnedPolicy(tensors, figures | data_figures(dataset, []))


def _d3rlpy() -> Any:
    if importlib.util.find_spec("d3rlpy") is None:
        raise UserError("d3rlpy is not installed", f"{install_extra('peers')}, or pip install d3rlpy")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return importlib.import_module("d3rlpy")


def _transitions(
    library: Any, dataset: Dataset, samples: Samples, scales: Scales, config: TrainConfig
) -> Any:
    """Return the episodes one chunk apart; each is read from several beginnings, so that none is lost."""
    states = scales.inputs(samples).numpy()
    actions = np.clip(scales.outputs(samples).numpy() / _SPREAD, -0.999, 0.999)
    span = reward_span(dataset, replace(config, reward_steps=0))
    rewards = span_rewards(dataset, config, span)
    scale, begin = reward_scale(rewards), 0
    episodes = []
    for episode, reward in zip(dataset.episodes, rewards, strict=True):
        rows = np.arange(len(episode.times))
        stride = max(1, int(np.searchsorted(episode.times, span - 1e-6)))
        for start in range(min(stride, len(rows))):
            chosen = rows[start::stride]
            episodes.append(
                library.dataset.Episode(
                    states[begin + chosen],
                    actions[begin + chosen],
                    (reward[chosen, None] / scale).astype(np.float32),
                    True,
                )
            )
        begin += len(rows)
    return library.dataset.create_infinite_replay_buffer(episodes=episodes)


def _layers(learner: Any) -> dict[str, torch.Tensor]:
    """Return the layers of its policy as those of a sequence; the head of the deviation is left out."""
    policy = learner.impl.policy
    linear = [
        module
        for name, module in policy.named_modules()
        if isinstance(module, nn.Linear) and "logstd" not in name
    ]
    return {
        f"{index}.{kind}": getattr(layer, kind).detach().clone()
        for index, layer in enumerate(linear)
        for kind in ("weight", "bias")
    }


def _check(learner: Any, tensors: Any, whole: Samples, samples: Samples, scales: Scales) -> None:
    """Raise InternalError unless what will run answers as the library does."""
    seen = scales.inputs(samples)[:16].numpy()
    answer = learner.predict(seen) * scales.output_std.numpy() + scales.output_mean.numpy()
    if not np.allclose(PolicyNetwork(tensors)(whole.inputs[:16].numpy()), answer, atol=1e-2):
        raise InternalError("d3rlpy's policy is built in an unknown way")


def _error(tensors: Any, whole: Samples, scales: Scales) -> float:
    outputs: NDArray[np.float32] = PolicyNetwork(tensors)(whole.inputs.numpy())
    wanted = whole.offsets.numpy()
    return round(float(np.mean(((outputs - wanted) / scales.output_std.numpy()) ** 2)), 5)
