"""The middleware profile is ours unless the user has chosen."""

from __future__ import annotations

import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

from vip_ros import middleware
from vip_ros.middleware import active_profile, configure_middleware, shipped_profile

VARIABLES = (
    "RMW_IMPLEMENTATION",
    "FASTRTPS_DEFAULT_PROFILES_FILE",
    "FASTDDS_DEFAULT_PROFILES_FILE",
    "FASTDDS_BUILTIN_TRANSPORTS",
)


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_the_shipped_profile_is_set_and_named() -> None:
    configure_middleware()
    assert os.environ["FASTRTPS_DEFAULT_PROFILES_FILE"] == str(shipped_profile())
    assert str(shipped_profile()) in active_profile()
    assert "shipped" in active_profile()


@pytest.mark.parametrize("name", VARIABLES[1:])
def test_what_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "/home/me/mine.xml")
    configure_middleware()
    assert os.environ.get("FASTRTPS_DEFAULT_PROFILES_FILE", "/home/me/mine.xml") == "/home/me/mine.xml"
    assert f"{name}=/home/me/mine.xml (set by the user)" in active_profile()


def test_another_middleware_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RMW_IMPLEMENTATION", "rmw_cyclonedds_cpp")
    configure_middleware()
    assert "FASTRTPS_DEFAULT_PROFILES_FILE" not in os.environ
    assert "rmw_cyclonedds_cpp" in active_profile()


@pytest.mark.parametrize("megabytes, name", [(64, "fastdds_small.xml"), (8192, "fastdds.xml")])
def test_scarce_shared_memory_gets_small_segments(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, megabytes: int, name: str
) -> None:
    monkeypatch.setattr(middleware, "_SHARED_MEMORY", tmp_path)
    usage = type("Usage", (), {"total": megabytes * 1024**2})
    monkeypatch.setattr(middleware.shutil, "disk_usage", lambda path: usage)
    assert shipped_profile().name == name


@pytest.mark.parametrize("name", ["fastdds.xml", "fastdds_small.xml"])
def test_a_segment_holds_four_vga_images(name: str) -> None:
    root = ElementTree.parse(Path(middleware.__file__).with_name(name)).getroot()
    sizes = [int(node.text or 0) for node in root.iter() if node.tag.endswith("segment_size")]
    assert min(sizes) >= 4 * 640 * 480 * 3
