"""The way to a Franka's control interface: network card, round trip, and what slows the machine down."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

from vip_bringup.checks import CHECKS, NOTE, OK, Finding

PORT = 1337
"""Of the control interface, over TCP; it listens only while FCI is activated."""
LONGEST_ROUND_TRIP = 0.5e-3
"""s: commands that come more than 1 ms after their state are dropped, and both sides need their share of it
(libfranka, system requirements)."""
ADDRESS_VARIABLE = "VIP_ROBOT_IP"
"""Names a robot that is not where the drivers look for it by default."""
_CPUS = Path("/sys/devices/system/cpu")
_ROUTES = Path("/proc/net/route")
_TIMEOUT = 1.0


@CHECKS.register("fci")
def check() -> list[Finding]:
    """Look for the robot where the drivers look for it, and at what its 1 kHz loop needs."""
    from franka_node.drivers import DriverConfig

    named = os.environ.get(ADDRESS_VARIABLE, "")
    address = named or DriverConfig().robot_ip
    # Nobody is asked across the internet who was not named.
    findings = reach(address) if named or on_link(address, _ROUTES) else [_no_card(address)]
    return [*findings, *governors(_CPUS)]


def on_link(address: str, routes: Path) -> bool:
    """Return whether a card of this machine is in the robot's own network (routes: /proc/net/route)."""
    target = int.from_bytes(socket.inet_aton(address), "little")
    with contextlib.suppress(OSError):
        for line in routes.read_text().splitlines()[1:]:
            _, network, gateway, _, _, _, _, mask, *_ = line.split()
            if int(gateway, 16) == 0 and int(mask, 16) and target & int(mask, 16) == int(network, 16):
                return True
    return False


def reach(address: str, port: int = PORT) -> list[Finding]:
    """Connect to the control interface and measure the round trip."""
    begin = time.perf_counter()
    try:
        socket.create_connection((address, port), _TIMEOUT).close()
    except ConnectionRefusedError:
        mend = "in Desk: unlock the joints, activate FCI; stop other programs that control the arm"
        return [Finding(NOTE, f"{address} is there, but its control interface (port {port}) is closed", mend)]
    except OSError as error:
        mend = "is the robot on, the cable in the control box (not in the arm's foot), robot_ip right?"
        return [Finding(NOTE, f"no robot at {address}: {error}", mend)]
    milliseconds = (time.perf_counter() - begin) * 1e3
    found = Finding(OK, f"robot control interface at {address}: connects in {milliseconds:.2f} ms")
    program = shutil.which("ping")
    if program is None:
        return [found]
    # As many and as large as the states of a tenth of a second.
    command = [program, "-q", "-c", "100", "-i", "0.01", "-s", "1200", "-W", "1", address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30.0, check=False)
    return [found, round_trip(done.stdout)]


def round_trip(text: str) -> Finding:
    """Judge what ping said: losses, and the longest round trip."""
    lost = re.search(r"([\d.]+)% packet loss", text)
    times = re.search(r"= [\d.]+/([\d.]+)/([\d.]+)/", text)
    if lost is None or times is None:
        return Finding(NOTE, "the robot does not answer ping", "measure with libfranka's communication_test")
    mean, longest = float(times[1]), float(times[2])
    what = f"round trip to the robot {mean:.2f} ms, at most {longest:.2f} ms, {float(lost[1]):g} % lost"
    if float(lost[1]) > 0 or longest > LONGEST_ROUND_TRIP * 1e3:
        mend = "one cable from a network card of this machine to the control box: no switch, no Wi-Fi"
        return Finding(NOTE, what, mend)
    return Finding(OK, what)


def governors(cpus: Path) -> list[Finding]:
    """Look whether the processor may slow down between two cycles."""
    found = {path.read_text().strip() for path in cpus.glob("cpu[0-9]*/cpufreq/scaling_governor")}
    slow = sorted(found - {"performance"})
    if not slow:
        return []
    mend = "sudo cpupower frequency-set -g performance, before a real arm is driven at 1 kHz"
    return [Finding(NOTE, f"the processor saves power ({', '.join(slow)})", mend)]


def _no_card(address: str) -> Finding:
    network = address.rpartition(".")[0]
    return Finding(
        NOTE,
        f"no network card in the robot's network ({network}.0/24)",
        f"for a real arm: cable to the control box, {network}.1/24 for that card; or set {ADDRESS_VARIABLE}",
    )
