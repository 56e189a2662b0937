"""vip doctor: every check reports, nothing breaks it, and what is broken has a mend."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from vip_bringup import checks, cli
from vip_bringup.checks import CHECKS, FAIL, NOTE, OK, Finding, run_check
from vip_bringup.lock import DomainLock


@pytest.mark.parametrize("name", [name for name in CHECKS.names() if name != "torch"])
def test_every_check_reports_and_every_lack_has_a_mend(name: str, ros_domain: int, vip_cache: Path) -> None:
    findings = run_check(name)
    assert findings
    for finding in findings:
        assert finding.level in (OK, NOTE, FAIL)
        assert "\n" not in finding.what
        assert finding.mend or finding.level == OK or "memory" in finding.what


def test_middleware_profile_in_force_is_named(monkeypatch: pytest.MonkeyPatch, ros_domain: int) -> None:
    for variable in ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.delenv("FASTDDS_BUILTIN_TRANSPORTS", raising=False)
    assert any("(shipped:" in finding.what for finding in run_check("middleware"))
    monkeypatch.setenv("FASTRTPS_DEFAULT_PROFILES_FILE", "/mine.xml")
    assert any("/mine.xml (set by the user)" in finding.what for finding in run_check("middleware"))


def test_running_stack_is_seen(ros_domain: int) -> None:
    lock = DomainLock()
    assert any(f"(process {os.getpid()})" in finding.what for finding in run_check("middleware"))
    lock.release()


def test_check_that_breaks_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CHECKS, "get", lambda name: lambda: 1 / 0)
    (finding,) = run_check("camera")
    assert finding.level == FAIL
    assert "ZeroDivisionError" in finding.what


@pytest.mark.parametrize(("level", "status"), [(OK, 0), (NOTE, 0), (FAIL, 1)])
def test_status_says_whether_something_is_broken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], level: str, status: int
) -> None:
    monkeypatch.setattr(checks, "run_check", lambda name: [Finding(level, f"about {name}", "mend it")])
    assert cli.main(["doctor", "--json"]) == status
    table = json.loads(capsys.readouterr().out)
    assert table["camera"] == [{"level": level, "what": "about camera", "mend": "mend it"}]
    assert cli.main(["doctor"]) == status
    assert "→ mend it" in capsys.readouterr().out
