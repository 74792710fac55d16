"""Lists of integers out of the object arrays that numpy can only store as a pickle, without pickle.

A pickle is a program for a small machine. The one that builds an array of lists of integers needs
few of its instructions, and this reader knows only those: it has no way to call, import or make
anything else, whatever the file says. A file that needs more is refused in words. Rejected: an
unpickler with a list of allowed names, which still runs the instructions of a file that is not ours.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from lamina.errors import DatasetError
from lamina.text import Text

_NEWEST_PROTOCOL = 5
_RECONSTRUCT = {
    "numpy.core.multiarray _reconstruct",
    "numpy._core.multiarray _reconstruct",
}
_LONGEST_INTEGER = 8
"""Bytes of an integer; no index of a word needs more."""


def read_int_lists(data: bytes, name: str) -> np.ndarray:
    """The array of lists of integers that a pickle describes: one axis, dtype object.

    Args:
        data: The pickle, from its first byte to its last.
        name: What is read as the user knows it, for the messages.

    Raises:
        DatasetError: If it describes anything else, or is damaged.
    """
    machine = _Machine(data, name)
    result = machine.run()
    if not isinstance(result, _Array) or result.items is None:
        machine.refuse("it holds no array of objects")
    for item in {id(item): item for item in result.items}.values():  # one may stand there often
        if type(item) is not list or not all(type(number) is int for number in item):
            machine.refuse("an element is no list of integers")
    return ragged(result.items)


def ragged(items: Sequence[Any]) -> np.ndarray:
    """Lists as the elements of an array of one axis, also where they are equally long.

    >>> ragged([[1, 2], [3, 4]]).shape
    (2,)
    """
    array = np.empty(len(items), dtype=object)
    for index, item in enumerate(items):
        array[index] = item
    return array


class _Name(str):
    """A name that the pickle looks up: module and attribute. It stays a name here."""

    __slots__ = ()


class _Dtype:
    """The element type of an object array."""


class _Array:
    """An array that is being described."""

    items: list[Any] | None = None


class _Machine:
    """Runs the instructions of one pickle on a stack of plain values."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data, self.name = data, name
        self.at = 0
        self.stack: list[Any] = []
        self.marks: list[int] = []
        """Where on the stack runs of values begin."""
        self.memo: dict[int, Any] = {}

    def refuse(self, why: str) -> NoReturn:
        raise DatasetError(
            Text(
                f"{self.name} is not read: {why}. Only arrays of lists of integers are converted, "
                "because a pickle may hold any program.",
                f"无法读取 {self.name}：仅转换整数列表数组，因为 pickle 可能包含任意程序（{why}）。",
            )
        )

    def run(self) -> Any:
        data, push = self.data, self.stack.append
        try:
            at = 0
            while (code := data[at]) != 0x2E:  # STOP
                # Nearly all of a file are small integers, so they are not looked up.
                if code == 0x4D:  # BININT2
                    push(data[at + 1] | data[at + 2] << 8)
                    at += 3
                elif code == 0x4B:  # BININT1
                    push(data[at + 1])
                    at += 2
                else:
                    self.at = at + 1
                    instruction = _INSTRUCTIONS.get(code)
                    if instruction is None:
                        self.refuse(f"it uses the instruction 0x{code:02x}")
                    instruction(self)
                    at = self.at
        except (IndexError, struct.error):
            self.refuse("it ends too early")
        if len(self.stack) != 1 or at != len(data) - 1:
            self.refuse("it does not end where its array ends")
        return self.stack[0]

    def take(self, count: int) -> bytes:
        """The next bytes of the file."""
        piece = self.data[self.at : self.at + count]
        if len(piece) != count:
            raise IndexError
        self.at += count
        return piece

    def skip(self, count: int) -> None:
        self.take(count)

    def number(self, layout: str) -> int:
        """The next number of the file."""
        (value,) = struct.unpack(layout, self.take(struct.calcsize(layout)))
        return int(value)

    def line(self) -> str:
        end = self.data.find(b"\n", self.at)
        text = self.take(end - self.at if end >= 0 else len(self.data)).decode("latin1")
        self.at += 1
        return text

    def since_mark(self) -> list[Any]:
        """The values above the last mark, which goes with them."""
        mark = self.marks.pop()
        values = self.stack[mark:]
        del self.stack[mark:]
        return values

    def extend(self, values: list[Any]) -> None:
        if type(self.stack[-1]) is not list:
            self.refuse("it appends to what is no list")
        self.stack[-1].extend(values)

    def remember(self, key: int) -> None:
        self.memo[key] = self.stack[-1]

    def recall(self, key: int) -> None:
        if key not in self.memo:
            self.refuse("it refers to a value that it has not named")
        self.stack.append(self.memo[key])

    def tuple_of(self, count: int) -> None:
        if count > len(self.stack):
            raise IndexError
        values = tuple(self.stack[len(self.stack) - count :])
        del self.stack[len(self.stack) - count :]
        self.stack.append(values)

    def integer(self) -> None:
        size = self.take(1)[0]
        if size > _LONGEST_INTEGER:
            self.refuse("an integer is too large")
        self.stack.append(int.from_bytes(self.take(size), "little", signed=True))

    def protocol(self) -> None:
        version = self.take(1)[0]
        if version > _NEWEST_PROTOCOL:
            self.refuse(f"it is a pickle of protocol {version}")

    def name_of_two(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is not str or type(module) is not str:
            self.refuse("a name is no text")
        self.stack.append(_Name(f"{module} {name}"))

    def name_of_lines(self) -> None:
        module, name = self.line(), self.line()
        self.stack.append(_Name(f"{module} {name}"))

    def call(self) -> None:
        """The two calls that make an array and its type; both only begin what `build` completes."""
        arguments, name = self.stack.pop(), self.stack.pop()
        given = arguments if isinstance(arguments, tuple) else ()
        if name in _RECONSTRUCT and isinstance(name, _Name):
            if len(given) != 3 or given[0] != _Name("numpy ndarray"):
                self.refuse("it makes something else than a numpy array")
            self.stack.append(_Array())
        elif name == "numpy dtype" and isinstance(name, _Name):
            if not given or given[0] not in ("O", "O8", b"O", b"O8"):
                self.refuse("its array is not of objects")
            self.stack.append(_Dtype())
        else:
            what = name if isinstance(name, _Name) else type(name).__name__
            self.refuse(f"it calls {what!r}")

    def build(self) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, _Dtype):
            return  # byte order and alignment, which objects do not have
        if not isinstance(target, _Array) or not isinstance(state, tuple) or len(state) != 5:
            self.refuse("it sets up something else than a numpy array")
        _version, shape, dtype, _fortran, items = state
        if not isinstance(dtype, _Dtype) or type(items) is not list:
            self.refuse("its array is not of objects")
        if shape != (len(items),):
            self.refuse(f"its array has the shape {shape!r} for {len(items)} elements"[:200])
        target.items = items


def _text(machine: _Machine, layout: str) -> None:
    try:
        machine.stack.append(machine.take(machine.number(layout)).decode("utf-8"))
    except UnicodeDecodeError:
        machine.refuse("a text is not UTF-8")


_INSTRUCTIONS: dict[int, Callable[[_Machine], None]] = {
    0x80: _Machine.protocol,
    0x95: lambda m: m.skip(8),  # FRAME: only a size
    0x4A: lambda m: m.stack.append(m.number("<i")),  # BININT
    0x8A: _Machine.integer,  # LONG1
    0x4E: lambda m: m.stack.append(None),  # NONE
    0x88: lambda m: m.stack.append(True),  # NEWTRUE
    0x89: lambda m: m.stack.append(False),  # NEWFALSE
    0x8C: lambda m: _text(m, "<B"),  # SHORT_BINUNICODE
    0x58: lambda m: _text(m, "<I"),  # BINUNICODE
    0x43: lambda m: m.stack.append(m.take(m.number("<B"))),  # SHORT_BINBYTES
    0x42: lambda m: m.stack.append(m.take(m.number("<I"))),  # BINBYTES
    0x55: lambda m: m.stack.append(m.take(m.number("<B")).decode("latin1")),  # SHORT_BINSTRING
    0x5D: lambda m: m.stack.append([]),  # EMPTY_LIST
    0x29: lambda m: m.stack.append(()),  # EMPTY_TUPLE
    0x28: lambda m: m.marks.append(len(m.stack)),  # MARK
    0x74: lambda m: m.stack.append(tuple(m.since_mark())),  # TUPLE
    0x85: lambda m: m.tuple_of(1),  # TUPLE1
    0x86: lambda m: m.tuple_of(2),  # TUPLE2
    0x87: lambda m: m.tuple_of(3),  # TUPLE3
    0x61: lambda m: m.extend([m.stack.pop()]),  # APPEND
    0x65: lambda m: m.extend(m.since_mark()),  # APPENDS
    0x71: lambda m: m.remember(m.number("<B")),  # BINPUT
    0x72: lambda m: m.remember(m.number("<I")),  # LONG_BINPUT
    0x94: lambda m: m.remember(len(m.memo)),  # MEMOIZE
    0x68: lambda m: m.recall(m.number("<B")),  # BINGET
    0x6A: lambda m: m.recall(m.number("<I")),  # LONG_BINGET
    0x63: _Machine.name_of_lines,  # GLOBAL
    0x93: _Machine.name_of_two,  # STACK_GLOBAL
    0x52: _Machine.call,  # REDUCE
    0x62: _Machine.build,  # BUILD
}
"""What is understood, by its code; the integers and the end are in `_Machine.run`."""
