"""One numerical thread per job, jobs in parallel.

A factorisation by two threads differs in the last bits from one by a single thread. So every job runs with one BLAS, OpenMP and torch thread, and
speed comes from jobs side by side: results do not depend on the number of jobs. Settings are restored afterwards.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
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


def parallel_map(function: Callable[[T], R], items: Iterable[T], n_jobs: int = 1) -> list[R]:
    """`[function(i) for i in items]` by up to n_jobs threads, each single-threaded inside; order of results is that of the items."""
    items = list(items)

    def job(item: T) -> R:
        import torch

        torch.set_num_threads(1)  # the setting is kept per thread by OpenMP
        return function(item)

    with single_threaded():
        if n_jobs <= 1 or len(items) <= 1:
            return [function(item) for item in items]
        pool = ThreadPoolExecutor(min(n_jobs, len(items)))
        futures = [pool.submit(job, item) for item in items]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()
            pool.shutdown(wait=True)
