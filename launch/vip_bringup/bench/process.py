"""One process of a benchmark: a node with parameters, in the benchmark's namespace; its CPU time; its end."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from vip_bringup.child import tied_launcher

_TICKS = os.sysconf("SC_CLK_TCK")
_END_LIMIT = 10.0


class BenchProcess:
    """`python -m module` as a node; use as a context manager, or close it.

    Args:
        module: dotted name of the node's module.
        name: of the node.
        namespace: of the node.
        params: its parameters.
        remaps: topic remaps, from → to.
    """

    def __init__(
        self,
        module: str,
        name: str,
        namespace: str,
        params: Mapping[str, Any] | None = None,
        remaps: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self._folder = tempfile.TemporaryDirectory(prefix="vip-bench-")
        folder = Path(self._folder.name)
        file = folder / "params.yaml"
        file.write_text(yaml.safe_dump({"/**": {"ros__parameters": dict(params or {})}}), encoding="utf-8")
        self._log = folder / "output.txt"
        names = {"__node": name, "__ns": namespace, **(remaps or {})}
        renamed = [word for source, target in names.items() for word in ("-r", f"{source}:={target}")]
        parameters = ["--params-file", str(file)] if params else []
        with self._log.open("wb") as sink:
            self._process = subprocess.Popen(
                [*tied_launcher(), sys.executable, "-m", module, "--ros-args", *renamed, *parameters],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> BenchProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def cpu_seconds(self) -> float:
        """Return the CPU time it has used so far, s; NaN once it has ended."""
        return cpu_seconds(self.pid)

    def output(self) -> str:
        """Return what it has printed so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def last_line(self) -> str:
        """Return the last line that it printed."""
        lines = self.output().split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it printed nothing")

    def close(self) -> None:
        """End the process; may be called twice."""
        if self.alive:
            self._process.terminate()
            try:
                self._process.wait(_END_LIMIT)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._folder.cleanup()


def cpu_seconds(pid: int) -> float:
    """Return the CPU time, in user and system mode, that a process has used so far, s; NaN without it."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / _TICKS
