"""A missing optional part is answered with the command that adds it here."""

from __future__ import annotations

from pathlib import Path

import pytest

from vip_ros import extras


def test_in_a_source_tree_the_parts_that_are_there_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "source_root", lambda: tmp_path)
    assert extras.install_extra("gpu") == "VIP_EXTRAS=train,encoders,cpu,dev,gpu ./vip doctor"
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / ".vip-extras").write_text("train,dev")
    assert extras.install_extra("dev") == "VIP_EXTRAS=train,dev ./vip doctor"


def test_an_installed_package_is_extended_by_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "source_root", lambda: None)
    assert extras.install_extra("lerobot") == "pip install 'vip-robot[lerobot]'"
