"""Fixtures of the tests that start real nodes."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def _untrained_encoder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return random ResNet-18 weights and a cache that holds their exported network from the first use on."""
    pytest.importorskip("torch", reason="torch, which makes the test encoder's weights, is not installed")
    from vip_models.testing import write_random_checkpoint

    folder = tmp_path_factory.mktemp("encoder")
    return write_random_checkpoint("vip-resnet18", folder / "weights.pt"), folder / "cache"


@pytest.fixture
def encoder_weights(_untrained_encoder: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the weights file of an untrained vip-resnet18, whose export is cached for the session."""
    weights, cache = _untrained_encoder
    monkeypatch.setenv("VIP_CACHE", str(cache))
    return weights
