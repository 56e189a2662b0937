"""The commands of `vip`: one module each, found by its file name and imported when it is asked for.

A command module has NAME (the word after `vip`), HELP (one line), EXAMPLE (a command line to copy),
add_arguments(parser) and run(args) -> exit status. What is slow to import belongs inside run(). With
TAKES_REST = True, arguments that the parser does not know are no error: they are args.rest.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
from typing import Protocol, cast

from vip_ros.errors import unknown_name


class Command(Protocol):
    """What a command module offers."""

    NAME: str
    HELP: str
    EXAMPLE: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""

    def run(self, args: argparse.Namespace) -> int:
        """Do the work and return the exit status; raises UserError for what the user can mend."""


def command_names() -> list[str]:
    """Return the names of all commands, sorted, without importing any of them."""
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__))


def load_command(name: str) -> Command:
    """Import one command; raises UserError naming the nearest when there is none of that name."""
    if name not in command_names():
        raise unknown_name("command", name, command_names())
    return cast("Command", importlib.import_module(f"{__name__}.{name.replace('-', '_')}"))
