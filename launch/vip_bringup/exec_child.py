"""Become another program that the kernel tells to end when its parent dies.

Run as a script by the supervisor, `exec_child.py PARENT_PID PROGRAM [ARGUMENTS…]`, with the standard library
alone: it must start at once and before anything of the node is imported.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""From prctl(2): the signal that this process gets when its parent dies; kept across exec."""


def main() -> None:
    """Arm the parent-death signal and exec; ends at once when the parent is gone already."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(1)
    os.execv(program[0], program)


if __name__ == "__main__":
    main()
