"""Looking into a pickle without unpickling it.

A pickle is a small program. Here its instructions are followed with a stack machine that builds values but
calls nothing and imports nothing: what the pickle wants called becomes a `Call`, what it wants built an
`Instance`. The instructions are those that torch writes (pickle protocol 2 and a few later ones).
"""

from __future__ import annotations

import pickletools
from dataclasses import dataclass, field
from typing import Any


class MalformedPickleError(ValueError):
    """The bytes are not a pickle, or use an instruction that torch does not write."""


@dataclass(frozen=True)
class Global:
    """A name that the pickle wants imported: "module name"."""

    name: str


@dataclass(frozen=True)
class Persistent:
    """A reference to something stored beside the pickle."""

    key: Any


@dataclass
class Call:
    """A call that was not made."""

    function: Any
    arguments: tuple[Any, ...]


@dataclass
class Instance:
    """An object that was not built; its state is what it would have been given."""

    kind: Any
    state: dict[str, Any] = field(default_factory=dict)


_MARK = object()
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_LITERALS = {
    *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE"),
    *("BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES"),
}
_EMPTY: dict[str, type] = {"EMPTY_TUPLE": tuple, "EMPTY_LIST": list, "EMPTY_DICT": dict}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def inspect_pickle(data: bytes) -> Any:
    """Return the pickled value with calls and objects left as descriptions.

    Raises:
        MalformedPickleError: not a pickle, or one with instructions that torch does not write.
    """
    machine = _Machine()
    try:
        for opcode, argument, _ in pickletools.genops(data):
            if opcode.name == "STOP":
                return machine.stack.pop()
            machine.step(opcode.name, argument)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise MalformedPickleError(str(error) or type(error).__name__) from None
    raise MalformedPickleError("it has no end")


class _Machine:
    """The stack and the memo of the pickle instructions."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        """Follow one instruction."""
        if name in ("PROTO", "FRAME"):
            return
        if name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _LITERALS:
            self.stack.append(argument)
        elif name in _EMPTY:
            self.stack.append(_EMPTY[name]())
        elif name in _TUPLES:
            size = _TUPLES[name]
            self.stack[-size:] = [tuple(self.stack[-size:])]
        elif name in ("BINPUT", "LONG_BINPUT"):
            self._memo[argument] = self.stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            self.stack.append(self._memo[argument])
        else:
            handler = _HANDLERS.get(name)
            if handler is None:
                raise MalformedPickleError(f"instruction {name} is not one that torch writes")
            handler(self, argument)

    def mark(self, _: Any) -> None:
        self.stack.append(_MARK)

    def name(self, argument: str) -> None:
        self.stack.append(Global(argument))

    def persistent(self, _: Any) -> None:
        self.stack.append(Persistent(self.stack.pop()))

    def tuple(self, _: Any) -> None:
        self.stack.append(tuple(self._since_mark()))

    def call(self, _: Any) -> None:
        arguments = self.stack.pop()
        self.stack.append(Call(self.stack.pop(), arguments))

    def new(self, _: Any) -> None:
        self.stack.pop()
        self.stack.append(Instance(self.stack.pop()))

    def build(self, _: Any) -> None:
        state = self.stack.pop()
        if isinstance(self.stack[-1], Instance) and isinstance(state, dict):
            self.stack[-1].state.update(state)

    def append(self, _: Any) -> None:
        value = self.stack.pop()
        self.stack[-1].append(value)

    def appends(self, _: Any) -> None:
        values = self._since_mark()
        self.stack[-1].extend(values)

    def set_item(self, _: Any) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._fill([key, value])

    def set_items(self, _: Any) -> None:
        self._fill(self._since_mark())

    def _fill(self, items: list[Any]) -> None:
        target = self.stack[-1]
        # An OrderedDict arrives as a call that was not made; its items are of no use here.
        if isinstance(target, dict):
            target.update(zip(items[::2], items[1::2], strict=True))

    def _since_mark(self) -> list[Any]:
        position = max(index for index, value in enumerate(self.stack) if value is _MARK)
        values = self.stack[position + 1 :]
        del self.stack[position:]
        return values


_HANDLERS = {
    "MARK": _Machine.mark,
    "GLOBAL": _Machine.name,
    "BINPERSID": _Machine.persistent,
    "TUPLE": _Machine.tuple,
    "REDUCE": _Machine.call,
    "NEWOBJ": _Machine.new,
    "BUILD": _Machine.build,
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
}
