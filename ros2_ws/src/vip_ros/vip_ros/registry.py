"""Registries: a new camera, driver, device or algorithm is one file that registers itself by name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Generic, TypeVar

from vip_ros.errors import InternalError, unknown_name

T = TypeVar("T")


class Registry(Generic[T]):
    """A table of things by name, filled by the modules of one package.

    Args:
        kind: what is registered, for error messages ("camera source").
        package: dotted name of the package whose modules register themselves when imported.
    """

    def __init__(self, kind: str, package: str | None = None) -> None:
        self._kind = kind
        self._package = package
        self._entries: dict[str, T] = {}
        self._loaded = package is None

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that registers an entry; raises InternalError on a second one of that name."""

        def add(entry: T) -> T:
            if name in self._entries and self._entries[name] is not entry:
                raise InternalError(f"{self._kind} '{name}' is registered twice")
            self._entries[name] = entry
            return entry

        return add

    def get(self, name: str) -> T:
        """Return the entry of that name; raises UserError naming those that exist."""
        self._load()
        if name not in self._entries:
            raise unknown_name(self._kind, name, self._entries)
        return self._entries[name]

    def names(self) -> list[str]:
        """Return all registered names, sorted."""
        self._load()
        return sorted(self._entries)

    def _load(self) -> None:
        if self._loaded or self._package is None:
            return
        self._loaded = True
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{self._package}.{module.name}")
