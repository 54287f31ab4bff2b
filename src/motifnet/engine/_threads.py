"""One numerical thread per job, jobs in parallel.

A factorisation by two threads differs in the last bits from one by a single thread. So every job runs with one BLAS, OpenMP and torch thread, and
speed comes from jobs side by side: results do not depend on the number of jobs. Settings are restored afterwards.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from numbers import Integral
from typing import TypeVar

from motifnet.engine._errors import UsageError

T = TypeVar("T")
R = TypeVar("R")


def resolve_jobs(n_jobs: int | None) -> int:
    """Number of jobs: None is all cores, negative counts from the end as in joblib. UsageError for what is no whole number."""
    if n_jobs is not None and (isinstance(n_jobs, bool) or not isinstance(n_jobs, Integral)):
        raise UsageError(f"n_jobs={n_jobs!r} must be a whole number, or None for one job a core. Try 1.")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if n_jobs is None:
        return cores
    return max(1, cores + 1 + int(n_jobs)) if n_jobs < 0 else max(1, int(n_jobs))


@contextmanager
def single_threaded() -> Iterator[None]:
    """Run the body with one thread in BLAS, OpenMP and torch."""
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)


class Threads:
    """The local engine: jobs in this process, by up to n_jobs threads; they share its memory, so nothing is copied."""

    def map(self, function: Callable[[T], R], items: Iterable[T], n_jobs: int, ahead: int, done: Callable[[int, R], None]) -> Iterator[R]:
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
