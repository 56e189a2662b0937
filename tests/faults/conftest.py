"""Fixtures of the tests that break things on a running graph."""

from graph.conftest import _commands_inside_the_limits, command_rate

__all__ = ["_commands_inside_the_limits", "command_rate"]
