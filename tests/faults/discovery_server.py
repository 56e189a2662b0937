"""Fast DDS's discovery server: the middleware's own process, for graphs that are told to use one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import sysconfig
from pathlib import Path

from faults.not_here import NotHere

LIMIT = 20.0


class DiscoveryServer:
    """A discovery server on a port of its own; may be killed and started again.

    Raises:
        NotHere: the environment does not hold it.
    """

    def __init__(self) -> None:
        self._program = Path(sys.prefix) / "bin" / "fast-discovery-server"
        if not self._program.is_file():
            raise NotHere(f"no {self._program.name} in this environment")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self._process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        """What ROS_DISCOVERY_SERVER has to say."""
        return f"127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it, and wait until it says that it runs."""
        # The wheels keep their shared libraries in folders that only Python's own loader knows.
        folders = [Path(sys.prefix) / "lib", *Path(sysconfig.get_path("purelib")).glob("ros_*.libs")]
        command = [str(self._program), "-i", "0", "-l", "127.0.0.1", "-p", str(self._port)]
        self._process = subprocess.Popen(
            ["stdbuf", "-oL", *command],
            env={**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, folders))},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout is not None
        if "running" not in (line := self._process.stdout.readline()):
            raise NotHere(f"the discovery server does not run: {line.strip()}")

    def kill(self) -> None:
        """End it as kill -9 does; nothing happens where it does not run."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(LIMIT)
            self._process = None
