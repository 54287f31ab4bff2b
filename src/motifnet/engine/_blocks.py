"""Map and sum over blocks of rows: a few blocks at a time, results in the order of the blocks.

    Σ_b f(b)  =  (((f(b_0) + f(b_1)) + f(b_2)) + …)        in float64

Floating-point addition is not associative. So the sum is always taken in this order, whoever computes the terms and whenever they are ready: the
result does not depend on the number of jobs. At most n_jobs + 1 blocks are held at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from motifnet.engine._threads import single_threaded

B = TypeVar("B")
R = TypeVar("R")
Arrays = tuple[NDArray[Any], ...]


def ordered_map(function: Callable[[B], R], blocks: Iterable[B], n_jobs: int = 1) -> Iterator[R]:
    """`map(function, blocks)` by up to n_jobs threads, each single-threaded inside; blocks are drawn as they are needed."""
    with single_threaded():
        if n_jobs <= 1:
            yield from map(function, blocks)
            return

        def job(block: B) -> R:
            import torch

            torch.set_num_threads(1)  # the setting is kept per thread by OpenMP
            return function(block)

        waiting: deque[Future[R]] = deque()
        with ThreadPoolExecutor(n_jobs) as pool:
            try:
                for block in blocks:
                    waiting.append(pool.submit(job, block))
                    if len(waiting) > n_jobs:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()


def ordered_sum(blocks: Iterable[B], function: Callable[[B], Arrays], n_jobs: int = 1) -> Arrays:
    """The sums of the float64 arrays that `function` gives for each block; () for no blocks."""
    total: Arrays = ()
    for terms in ordered_map(function, blocks, n_jobs):
        if not total:
            total = tuple(np.array(term, dtype=np.float64) for term in terms)
        else:
            for sum_so_far, term in zip(total, terms, strict=True):
                sum_so_far += term
    return total
