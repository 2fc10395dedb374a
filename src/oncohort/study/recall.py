"""Doing again only what changed: a step is run again only if something that it read last time is different now.

Runs of one study that differ in single choices share most of their work. A `Memory` keeps what each step was given,
what it read of it, and what came out. What a step read is noted while it runs, not declared, so that nothing can be
forgotten in a list. Steps are pure: what they return follows from what they are given, and nobody changes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from inspect import isfunction
from math import isnan
from operator import getitem
from types import MethodType
from typing import Any, Final, Protocol, TypeAlias, TypeVar, TypeVarTuple

import numpy as np
import polars as pl

Given = TypeVarTuple("Given")
Result = TypeVar("Result")
Path: TypeAlias = tuple[tuple[str, str], ...]
Read: TypeAlias = dict[Path, Any]

READ_BY_KEY: Final = "settings"
"""The method whose answer is read key by key, and not as a whole."""

_STEPS: Final[dict[str, Callable[[Any, str], Any]]] = {
    "field": getattr,
    "key": getitem,
    "keys": lambda holder, _: tuple(holder),
}


class Recall(Protocol):
    """A way to run a step: `anew`, or a `Memory` that may know the result."""

    def __call__(self, step: Callable[[*Given], Result], /, *given: *Given) -> Result: ...


def anew(step: Callable[[*Given], Result], /, *given: *Given) -> Result:
    """Run a step.

    Examples
    --------
    >>> anew(pow, 2, 5)
    32
    """
    return step(*given)


@dataclass(frozen=True, slots=True)
class _Kept:
    """One run of a step. Of a watched argument ``read`` holds what was read, of any other ``given`` the whole."""

    given: tuple[Any, ...]
    read: tuple[Read | None, ...]
    result: Any


@dataclass(frozen=True, slots=True)
class Memory:
    """A `Recall` for runs of one study that differ in single choices.

    Attributes
    ----------
    watched : tuple of type
        Arguments of these types are compared by what the step read of them; all others as a whole.

    Examples
    --------
    >>> from oncohort.study.profiles import PROFILES
    >>> memory = Memory((dict,))
    >>> def ties(profiles):
    ...     print("run")
    ...     return profiles["survival.ties"]["paper"]
    >>> memory(ties, PROFILES), memory(ties, PROFILES | {"survival.conf_type": {}})
    run
    ('breslow', 'breslow')
    """

    watched: tuple[type, ...]
    _runs: dict[Callable[..., Any], list[_Kept]] = field(default_factory=dict[Callable[..., Any], list[_Kept]])
    _answers: dict[tuple[int, str], tuple[Any, Any]] = field(default_factory=dict[tuple[int, str], tuple[Any, Any]])

    def __call__(self, step: Callable[[*Given], Result], /, *given: *Given) -> Result:
        """Return what the step returns, from memory if nothing that it read has changed."""
        arguments: tuple[Any, ...] = given
        runs = self._runs.setdefault(step, [])
        kept = next((run for run in runs if self._holds(run, arguments)), None)
        if kept is None:
            read: tuple[Read | None, ...] = tuple({} if isinstance(a, self.watched) else None for a in arguments)
            shown = (a if r is None else _shown(a, (), r, self) for a, r in zip(arguments, read, strict=True))
            whole = tuple(a if r is None else None for a, r in zip(arguments, read, strict=True))
            kept = _Kept(whole, read, step(*shown))  # type: ignore[reportArgumentType]
            runs.append(kept)
        return kept.result

    def answer(self, holder: Any, name: str) -> Any:
        """Return what a method without arguments answers, asked once of each object."""
        key = (id(holder), name)
        if key not in self._answers:
            self._answers[key] = (holder, getattr(holder, name)())  # the holder is kept too: no other gets its id
        return self._answers[key][1]

    def _holds(self, run: _Kept, arguments: tuple[Any, ...]) -> bool:
        pairs = list(zip(run.given, run.read, arguments, strict=True))
        as_given = all(same(before, now) for before, read, now in pairs if read is None)
        return as_given and all(self._reads_same(read, now) for _, read, now in pairs if read is not None)

    def _reads_same(self, read: Read, now: Any) -> bool:
        known: Read = {(): now}
        try:
            return all(same(before, self._reached(path, known)) for path, before in read.items())
        except (AttributeError, KeyError):
            return False

    def _reached(self, path: Path, known: Read) -> Any:
        """Return what stands at the end of a path; ``known`` keeps what stood on the way."""
        if path not in known:
            how, name = path[-1]
            holder = self._reached(path[:-1], known)
            known[path] = self.answer(holder, name) if how == "answer" else _STEPS[how](holder, name)
        return known[path]


def same(a: Any, b: Any) -> bool:
    """Return whether two values are the same in every part; nan is the same as nan.

    Examples
    --------
    >>> same((1, float("nan")), (1, float("nan"))), same([1], (1,))
    (True, False)
    """
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    for kind, equal in _EQUAL.items():
        if isinstance(a, kind):
            return equal(a, b)
    if is_dataclass(a):
        return all(same(getattr(a, part.name), getattr(b, part.name)) for part in fields(a))
    return bool(a == b)


_EQUAL: Final[dict[Any, Callable[[Any, Any], bool]]] = {
    float: lambda a, b: a == b or (isnan(a) and isnan(b)),
    (list, tuple): lambda a, b: len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True)),
    dict: lambda a, b: list(a) == list(b) and all(same(a[key], b[key]) for key in a),
    np.ndarray: lambda a, b: a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f"),
    pl.DataFrame: lambda a, b: a.schema == b.schema and a.equals(b),
}


def _shown(value: Any, path: Path, read: Read, memory: Memory) -> Any:
    """Return a value as a step sees it: through a window if it is watched, else itself, noted as read."""
    if isinstance(value, dict):
        return _Items(value, path, read, memory)  # type: ignore[reportUnknownArgumentType]
    if isinstance(value, memory.watched):
        return _Fields(value, path, read, memory)
    read[path] = value
    return value


@dataclass(frozen=True, slots=True)
class _Fields:
    """A window on an object: fields that are read through it are noted; methods run on what the window shows."""

    _holder: Any
    _path: Path
    _read: Read
    _memory: Memory

    def __getattr__(self, name: str) -> Any:
        kind: Any = getattr(type(self._holder), name, None)  # type: ignore[reportUnknownArgumentType]
        if isinstance(kind, property):
            return kind.__get__(self)
        if isfunction(kind) and name == READ_BY_KEY:
            answer = self._memory.answer(self._holder, name)
            return lambda: _Items(answer, (*self._path, ("answer", name)), self._read, self._memory)
        if isfunction(kind):
            return MethodType(kind, self)
        return _shown(getattr(self._holder, name), (*self._path, ("field", name)), self._read, self._memory)


@dataclass(frozen=True, slots=True, eq=False)
class _Items(Mapping[str, Any]):
    """A window on a mapping: items that are read through it are noted, and its keys where they are asked for."""

    _holder: Mapping[str, Any]
    _path: Path
    _read: Read
    _memory: Memory

    def __getitem__(self, key: str) -> Any:
        if key not in self._holder:
            self._note_keys()
        return _shown(self._holder[key], (*self._path, ("key", key)), self._read, self._memory)

    def __iter__(self) -> Iterator[str]:
        self._note_keys()
        return iter(self._holder)

    def __len__(self) -> int:
        self._note_keys()
        return len(self._holder)

    def _note_keys(self) -> None:
        self._read[*self._path, ("keys", "")] = tuple(self._holder)
