"""Every installed package states a licence, and none asks for more than this project's own allows."""

from __future__ import annotations

import pytest

from vip_bringup.cli import main
from vip_bringup.licences import UNKNOWN, installed_licences, kind_of

ALLOWED = {"permissive", "file-level copyleft"}
# Chosen by the person on purpose, under their makers' terms: drivers and the like of NVIDIA and Intel.
OPTIONAL = ("nvidia-", "cuda-", "tensorrt")


def test_every_package_is_licensed_and_may_be_used_beside_apache() -> None:
    wrong = [
        f"{licence.name}: {licence.text} ({licence.kind})"
        for licence in installed_licences()
        if licence.kind not in ALLOWED and not licence.name.startswith(OPTIONAL)
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("MIT", "permissive"),
        ("BSD-3-Clause AND MIT", "permissive"),
        ("MPL-2.0 AND MIT", "file-level copyleft"),
        ("GPL-3.0-only", "copyleft"),
        ("GNU Affero General Public License v3", "copyleft"),
        ("GPL-2.0 OR MIT", "permissive"),
        ("GNU Lesser General Public License v3 (LGPLv3)", "file-level copyleft"),
        ("BSD-3-Clause AND GPL-3.0-or-later WITH GCC-exception-3.1", "permissive"),
        ("NVIDIA Proprietary Software", "proprietary"),
        ("ask us", UNKNOWN),
        (UNKNOWN, UNKNOWN),
    ],
)
def test_licences_are_told_apart(text: str, kind: str) -> None:
    assert kind_of(text) == kind


def test_command_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["licences"]) == 0
    printed = capsys.readouterr().out
    assert "numpy" in printed and "permissive" in printed
