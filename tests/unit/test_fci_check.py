"""vip doctor on the way to the robot: found, closed, slow, or not there at all."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from vip_bringup.checks import NOTE, OK, fci, run_check

ROUTES = """Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth1\t000010AC\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
"""
PING = """--- 172.16.0.2 ping statistics ---
100 packets transmitted, {received} received, {lost}% packet loss, time 1010ms
rtt min/avg/max/mdev = 0.110/0.154/{longest}/0.031 ms
"""


@pytest.mark.parametrize(
    ("address", "there"), [("172.16.0.2", True), ("172.16.1.2", False), ("192.168.1.7", False)]
)
def test_only_a_network_card_in_the_robots_network_counts(tmp_path: Path, address, there):
    routes = tmp_path / "route"
    routes.write_text(ROUTES)
    assert fci.on_link(address, routes) is there
    assert not fci.on_link(address, tmp_path / "absent")


def test_an_open_and_a_closed_control_interface_are_told_apart():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert fci.reach("127.0.0.1", port)[0].level == OK
    (closed,) = fci.reach("127.0.0.1", port)
    assert closed.level == NOTE and "closed" in closed.what and "activate FCI" in closed.mend


@pytest.mark.parametrize(
    ("lost", "longest", "level"), [("0", "0.310", OK), ("0", "2.730", NOTE), ("1", "0.310", NOTE)]
)
def test_a_slow_or_lossy_cable_is_told_with_the_mend(lost, longest, level):
    finding = fci.round_trip(PING.format(received=99, lost=lost, longest=longest))
    assert finding.level == level and f"{float(longest):.2f} ms" in finding.what
    assert (level == OK) == (finding.mend == "")


def test_a_robot_that_does_not_answer_ping_is_said():
    assert fci.round_trip("ping: permission denied").level == NOTE


def test_a_processor_that_saves_power_is_told(tmp_path: Path):
    for number, governor in enumerate(("performance", "powersave")):
        folder = tmp_path / f"cpu{number}" / "cpufreq"
        folder.mkdir(parents=True)
        (folder / "scaling_governor").write_text(f"{governor}\n")
    (finding,) = fci.governors(tmp_path)
    assert "powersave" in finding.what and "performance" in finding.mend
    assert fci.governors(tmp_path / "absent") == []


def test_the_robot_that_was_named_is_asked(monkeypatch):
    monkeypatch.setenv(fci.ADDRESS_VARIABLE, "127.0.0.77")
    assert "127.0.0.77 is there" in run_check("fci")[0].what
