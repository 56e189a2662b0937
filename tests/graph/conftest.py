"""Fixtures of the tests that start real nodes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


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
