"""Parallel jobs, with the same bits for every number of jobs and every engine.

A factorisation by two threads differs in the last bits from one by a single thread. So every job
runs with one BLAS, OpenMP and torch thread, and speed comes from parallel jobs. The thread settings
are restored afterwards.

A fit opens an engine and a checkpoint once, with `working`. Every map and sum inside it uses them.
Nested jobs run in the process of their job. An engine chooses which worker runs a job, never the
order of a sum.

Sums run over blocks of rows, in the order of the blocks:

    Σ_b f(b)  =  (((f(b_0) + f(b_1)) + f(b_2)) + …)        in float64

Floating-point addition is not associative, so this order is fixed, whichever worker computes the
terms. At most n_jobs + 1 blocks are held at a time. A checkpoint stores the partial sum.
"""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from numbers import Integral
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from motifnet.engine._checkpoint import Checkpoint
from motifnet.engine._errors import UsageError

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

T = TypeVar("T")
R = TypeVar("R")
B = TypeVar("B")
Terms = tuple[NDArray[Any], ...]
_STORE_INTERVAL_S = 10.0  # between two stored partial sums, each as large as the sum


def resolve_jobs(n_jobs: int | None) -> int:
    """Number of jobs. None is all cores; negative numbers count from the end as in joblib.

    Raises UsageError for anything but a whole number.
    """
    if n_jobs is not None and (isinstance(n_jobs, bool) or not isinstance(n_jobs, Integral)):
        raise UsageError(
            f"n_jobs={n_jobs!r} must be a whole number, or None for one job a core. Try 1."
        )
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    if n_jobs is None:
        return cores
    return max(1, cores + 1 + int(n_jobs)) if n_jobs < 0 else max(1, int(n_jobs))


@lru_cache(maxsize=1)
def _thread_pools(modules: int) -> ThreadpoolController:
    """Those of the loaded libraries. The search takes milliseconds, and is for a fit's dozens of
    calls done again only where modules have been imported since.
    """
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def single_threaded() -> Iterator[None]:
    """Run the body with one thread in BLAS, OpenMP and torch."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with _thread_pools(len(sys.modules)).limit(limits=1):
            yield
    finally:
        torch.set_num_threads(before)


class Engine(Protocol):
    """Runs jobs."""

    def map(
        self,
        function: Callable[[T], R],
        items: Iterable[T],
        n_jobs: int,
        ahead: int,
        done: Callable[[int, R], None],
    ) -> Iterator[R]:
        """Results in the order of the items, by n_jobs parallel jobs of one numerical thread each.

        Items are drawn while at most `ahead` results wait for their turn. `done` is called with
        number and result of each job when it ends.
        """
        ...


class Threads:
    """The local engine: up to n_jobs threads in this process. They share its memory, so nothing is
    copied.
    """

    def map(
        self,
        function: Callable[[T], R],
        items: Iterable[T],
        n_jobs: int,
        ahead: int,
        done: Callable[[int, R], None],
    ) -> Iterator[R]:
        """As `Engine.map`."""

        def job(number: int, item: T) -> R:
            result = function(item)
            done(number, result)
            return result

        def threaded(number: int, item: T) -> R:
            import torch

            torch.set_num_threads(1)  # the setting is kept per thread by OpenMP
            return job(number, item)

        with single_threaded():
            if n_jobs <= 1:
                for number, item in enumerate(items):
                    yield job(number, item)
                return
            waiting: deque[Future[R]] = deque()
            with ThreadPoolExecutor(n_jobs) as pool:
                try:
                    for number, item in enumerate(items):
                        waiting.append(pool.submit(threaded, number, item))
                        if len(waiting) > ahead:
                            yield waiting.popleft().result()
                    while waiting:
                        yield waiting.popleft().result()
                finally:
                    for future in waiting:
                        future.cancel()


@dataclass(frozen=True)
class ExecutionContext:
    """The engine that runs jobs, and the checkpoint that stores their results, if there is one."""

    engine: Engine
    checkpoint: Checkpoint | None = None


_LOCAL = ExecutionContext(Threads())
_context: ContextVar[ExecutionContext] = ContextVar("execution context", default=_LOCAL)


@contextmanager
def _entered(context: ExecutionContext) -> Iterator[None]:
    token = _context.set(context)
    try:
        yield
    finally:
        _context.reset(token)


@dataclass(frozen=True)
class Nested(Generic[T, R]):
    """A job whose own jobs run in its process and are not stored."""

    function: Callable[[T], R]

    def __call__(self, item: T) -> R:
        with _entered(_LOCAL):
            return self.function(item)


def open_engine(name: Any, n_jobs: int) -> AbstractContextManager[Engine]:
    """The engine "local" (threads), "ray" or "ray://host:port".

    "ray" is the connected Ray, that of RAY_ADDRESS, or one of this machine that ends with the body.
    Raises UsageError for another name, or if Ray is not installed.
    """
    if name == "local":
        return nullcontext(_LOCAL.engine)
    if name == "ray" or str(name).startswith("ray://"):
        from motifnet.engine._ray import connected

        return connected(None if name == "ray" else name, n_jobs)
    raise UsageError(
        f"engine={name!r} is not known. Pass 'local', 'ray', or the address of a Ray "
        "cluster such as 'ray://head:10001'."
    )


@contextmanager
def working(engine: Engine, checkpoint: Checkpoint | None = None) -> Iterator[None]:
    """Run the jobs of the body by this engine, except those whose results the checkpoint holds."""
    with _entered(ExecutionContext(engine, checkpoint)):
        yield


def parallel_map(function: Callable[[T], R], items: Iterable[T], n_jobs: int = 1) -> list[R]:
    """`[function(i) for i in items]` by up to n_jobs single-threaded jobs."""
    items, checkpoint = list(items), _context.get().checkpoint
    call = None if checkpoint is None else checkpoint.next_call(function)
    found = call.stored(len(items)) if call else {}
    missing = [number for number in range(len(items)) if number not in found]

    def done(number: int, result: R) -> None:
        if call:
            call.store(missing[number], result)

    rest = _context.get().engine.map(
        Nested(function),
        [items[number] for number in missing],
        min(n_jobs, len(missing)),
        len(missing),
        done,
    )
    found |= zip(missing, rest, strict=True)
    return [found[number] for number in range(len(items))]


def ordered_map(function: Callable[[B], R], blocks: Iterable[B], n_jobs: int = 1) -> Iterator[R]:
    """`map(function, blocks)` by up to n_jobs single-threaded jobs. Blocks are drawn as they are
    needed, and results are not stored.
    """
    return _context.get().engine.map(Nested(function), blocks, n_jobs, n_jobs, lambda *_: None)


def ordered_sum(blocks: Iterable[B], function: Callable[[B], Terms], n_jobs: int = 1) -> Terms:
    """The sums of the float64 arrays that `function` returns for each block; () for no blocks."""
    checkpoint = _context.get().checkpoint
    call = None if checkpoint is None else checkpoint.next_call(function)
    begin, total = call.stored(1).get(0, (0, ())) if call else (0, ())
    done, stored_at = begin, time.monotonic()
    for terms in ordered_map(function, islice(blocks, begin, None), n_jobs):
        if not total:
            total = tuple(np.array(term, dtype=np.float64) for term in terms)
        else:
            for sum_so_far, term in zip(total, terms, strict=True):
                sum_so_far += term
        done += 1
        if call and time.monotonic() - stored_at >= _STORE_INTERVAL_S:
            call.store(0, (done, total))
            stored_at = time.monotonic()
    if call and done > begin:
        call.store(0, (done, total))
    return total
