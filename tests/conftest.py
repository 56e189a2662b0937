"""Fixtures every test shares: an isolated ROS graph and the optional real videos."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


DOMAINS = 100


def _domains() -> Iterator[int]:
    """Give every domain that is this worker's: workers side by side never meet, other runs seldom."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    own = range(1 + worker, 1 + DOMAINS, workers)
    first = os.getpid() * 7 % len(own)
    return itertools.cycle([*own[first:], *own[:first]])


_next_domain = _domains()


@pytest.fixture
def ros_domain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[int]:
    """Give the test a ROS domain of its own (1..100), on this host only, with its own log folder."""
    yield _isolate(monkeypatch, tmp_path)


@pytest.fixture(scope="module")
def module_domain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Give the tests of one module a ROS domain together, so that they can share a node."""
    with pytest.MonkeyPatch.context() as patch:
        yield _isolate(patch, tmp_path_factory.mktemp("ros"))


def _isolate(monkeypatch: pytest.MonkeyPatch, folder: Path) -> int:
    domain = next(_next_domain)
    monkeypatch.setenv("ROS_DOMAIN_ID", str(domain))
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    monkeypatch.setenv("ROS_LOG_DIR", str(folder / "ros_log"))
    return domain


@pytest.fixture
def vip_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Point the cache of derived files at a folder of this test."""
    monkeypatch.setenv("VIP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def shared_videos() -> Path:
    """Return the folder of real videos beside the checkout; skip where it is absent."""
    folder = ROOT.parent / "shared" / "data" / "videos"
    if not folder.is_dir():
        pytest.skip("the real videos (../shared/data/videos) are not beside this checkout")
    return folder
