"""Fixtures of the tests that start no nodes."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def _sim_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vip-sim")


@pytest.fixture
def sim_cache(_sim_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point the cache at one that holds the shipped encoder's network from its first use on."""
    pytest.importorskip("onnx", reason="onnx, which exports the shipped weights, is not installed")
    monkeypatch.setenv("VIP_CACHE", str(_sim_cache))
    return _sim_cache
