"""Where jobs run, and which results are there already: the engine and the checkpoint of a fit.

A fit opens both once, with `working`; every map and sum below it uses them, and jobs of jobs run where their job does. An engine chooses who runs a
job, never what is added to what, so that results are the same bits on every engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from motifnet.engine._checkpoint import Checkpoint
from motifnet.engine._errors import UsageError
from motifnet.engine._threads import Threads

T = TypeVar("T")
R = TypeVar("R")


class Engine(Protocol):
    """Who runs jobs."""

    def map(self, function: Callable[[T], R], items: Iterable[T], n_jobs: int, ahead: int, done: Callable[[int, R], None]) -> Iterator[R]:
        """Results in the order of the items, each of one numerical thread, by n_jobs jobs side by side.

        Items are drawn while at most `ahead` results wait for their turn; `done` is told number and result of each job when it ends.
        """
        ...


@dataclass(frozen=True)
class Place:
    """An engine and a checkpoint, if there is one."""

    engine: Engine
    checkpoint: Checkpoint | None = None


_HERE = Place(Threads())
_place: ContextVar[Place] = ContextVar("place", default=_HERE)


def place() -> Place:
    """That of the code that asks."""
    return _place.get()


def open_engine(name: Any, n_jobs: int) -> AbstractContextManager[Engine]:
    """The engine "local" (threads), "ray" (the connected Ray, that of RAY_ADDRESS, or one of this machine for the body only), or "ray://host:port".

    Raises UsageError for another name, or where Ray is not installed.
    """
    if name == "local":
        return nullcontext(_HERE.engine)
    if name == "ray" or str(name).startswith("ray://"):
        from motifnet.engine._ray import connected

        return connected(None if name == "ray" else name, n_jobs)
    raise UsageError(f"engine={name!r} is not known. Pass 'local', 'ray', or the address of a Ray cluster such as 'ray://head:10001'.")


@contextmanager
def working(engine: Engine, checkpoint: Checkpoint | None = None) -> Iterator[None]:
    """The jobs of the body are run by this engine, and what the checkpoint holds is not run again."""
    with _at(Place(engine, checkpoint)):
        yield


def parallel_map(function: Callable[[T], R], items: Iterable[T], n_jobs: int = 1) -> list[R]:
    """`[function(i) for i in items]` by up to n_jobs jobs, each single-threaded inside; order of results is that of the items."""
    items, checkpoint = list(items), place().checkpoint
    call = None if checkpoint is None else checkpoint.next_call(function)
    found = call.stored(len(items)) if call else {}
    missing = [number for number in range(len(items)) if number not in found]

    def done(number: int, result: R) -> None:
        if call:
            call.store(missing[number], result)

    rest = place().engine.map(Alone(function), [items[number] for number in missing], min(n_jobs, len(missing)), len(missing), done)
    found |= zip(missing, rest, strict=True)
    return [found[number] for number in range(len(items))]


@dataclass(frozen=True)
class Alone(Generic[T, R]):
    """A job whose own jobs run where it does, and are not kept."""

    function: Callable[[T], R]

    def __call__(self, item: T) -> R:
        with _at(_HERE):
            return self.function(item)


def nothing(number: int, result: Any) -> None:
    """No one keeps results."""


@contextmanager
def _at(there: Place) -> Iterator[None]:
    token = _place.set(there)
    try:
        yield
    finally:
        _place.reset(token)
