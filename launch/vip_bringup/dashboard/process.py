"""The dashboard as a child process, for programs that look at it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from types import TracebackType

from vip_bringup.child import tied_launcher
from vip_ros.errors import UserError

CAMERA_SHOWN = "document.querySelector('[data-name=camera] img')?.naturalWidth > 1"
"""In a page of the dashboard: whether it shows a picture of the camera (JavaScript)."""

_LIMIT = 20.0  # s until it must have ended


class RunningDashboard:
    """`vip monitor` on a free port of this machine; use as a context manager.

    Attributes:
        url: where it is served, once entered.
        pid: its process id, once entered.

    Args:
        namespace: ROS namespace of the stack.
    """

    def __init__(self, namespace: str = "") -> None:
        self.url = ""
        self.pid = 0
        self._namespace = namespace
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> RunningDashboard:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [*tied_launcher(), sys.executable, "-m", "vip_bringup.cli", "monitor", "--port", str(port)]
        # NiceGUI runs otherwise when it believes itself inside a test.
        env = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
        self._process = subprocess.Popen(
            [*command, "--namespace", self._namespace], stdout=subprocess.PIPE, text=True, env=env
        )
        assert self._process.stdout is not None
        if "dashboard is at" not in self._process.stdout.readline():
            self._stop()
            raise UserError("the dashboard did not start", "see what it printed")
        self.url, self.pid = f"http://127.0.0.1:{port}", self._process.pid
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
