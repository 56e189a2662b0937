"""Fixtures of the tests that start real nodes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from graph.reward_bench import Bench
from graph.command_watch import CommandWatch
from support import foreign_messages

from vip_ros.resources import cache_dir


@pytest.fixture
def command_rate() -> float:
    """Return the control rate, Hz, of any franka_node in the test; a module with another one overrides it."""
    return 100.0


@pytest.fixture(autouse=True)
def _commands_inside_the_limits(request: pytest.FixtureRequest, command_rate: float) -> Iterator[None]:
    """Check every joint command on the test's graph, whatever the test is about."""
    domains = [name for name in ("ros_domain", "module_domain") if name in request.fixturenames]
    if not domains:
        yield
        return
    request.getfixturevalue(domains[0])
    with CommandWatch(command_rate) as watch:
        yield
    watch.check()


@pytest.fixture(scope="session")
def foreign() -> dict[str, str]:
    """Return the environment in which the message packages of a ROS installation are found; built once."""
    try:
        return foreign_messages.environment(cache_dir())
    except foreign_messages.NotBuilt as error:
        pytest.skip(f"messages of a ROS installation are neither installed nor built here: {error}")


@pytest.fixture(scope="session")
def _untrained_encoder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return random ResNet-18 weights and a cache that holds their exported network.

    Exported here and not in a node, which would not answer for as long as that takes on a busy machine.
    """
    pytest.importorskip("torch", reason="torch, which makes the test encoder's weights, is not installed")
    pytest.importorskip("onnx", reason="onnx, which exports the test encoder, is not installed")
    from vip_models import load_encoder
    from vip_models.testing import write_random_checkpoint

    folder = tmp_path_factory.mktemp("encoder")
    weights = write_random_checkpoint("vip-resnet18", folder / "weights.pt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIP_CACHE", str(folder / "cache"))
        load_encoder("vip-resnet18", weights, "cpu")
    return weights, folder / "cache"


@pytest.fixture(scope="module")
def module_weights(_untrained_encoder: tuple[Path, Path]) -> Iterator[Path]:
    """Return the same weights file and cache to the tests of one module together."""
    weights, cache = _untrained_encoder
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIP_CACHE", str(cache))
        yield weights


@pytest.fixture
def encoder_weights(_untrained_encoder: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the weights file of an untrained vip-resnet18, whose export is cached for the session."""
    weights, cache = _untrained_encoder
    monkeypatch.setenv("VIP_CACHE", str(cache))
    return weights


@pytest.fixture(scope="module")
def goals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the module's goal library."""
    return tmp_path_factory.mktemp("goals")


@pytest.fixture(scope="module")
def _module_bench(module_domain: int, module_weights: Path, goals: Path) -> Iterator[Bench]:
    from graph.reward_bench import open_bench

    with open_bench(module_weights, goals) as bench:
        yield bench


@pytest.fixture
def bench(_module_bench: Bench) -> Bench:
    """Return the module's reward_node, with none of the messages of the tests before."""
    _module_bench.forget()
    return _module_bench


@pytest.fixture(scope="session")
def pictures() -> np.ndarray:
    """Six different pictures uint8 [6, 48, 64, 3]."""
    return np.random.default_rng(0).integers(0, 255, (6, 48, 64, 3), np.uint8)
