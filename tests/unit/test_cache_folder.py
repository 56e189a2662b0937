"""The folder for derived files is made on first use, and one that cannot be made is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from vip_ros.errors import UserError
from vip_ros.resources import cache_dir


def test_the_cache_is_made_on_first_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIP_CACHE", str(tmp_path / "deep" / "cache"))
    assert cache_dir() == tmp_path / "deep" / "cache"
    assert cache_dir().is_dir()


def test_a_cache_that_cannot_be_made_is_named_with_the_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("VIP_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(UserError, match="cannot make the cache.*set VIP_CACHE to a folder"):
        cache_dir()
