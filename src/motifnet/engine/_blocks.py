"""Map and sum over blocks of rows: a few blocks at a time, results in the order of the blocks.

    Σ_b f(b)  =  (((f(b_0) + f(b_1)) + f(b_2)) + …)        in float64

Floating-point addition is not associative. So the sum is always taken in this order, whoever computes the terms and whenever they are ready: the
result depends neither on the number of jobs nor on the engine. At most n_jobs + 1 blocks are held at a time. A checkpoint keeps the sum so far.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from motifnet.engine._place import Alone, nothing, place

B = TypeVar("B")
R = TypeVar("R")
Arrays = tuple[NDArray[Any], ...]
_KEPT_S = 10.0  # between two states of a sum in a checkpoint: a state is as large as the sum


def ordered_map(function: Callable[[B], R], blocks: Iterable[B], n_jobs: int = 1) -> Iterator[R]:
    """`map(function, blocks)` by up to n_jobs jobs, each single-threaded inside; blocks are drawn as they are needed."""
    return place().engine.map(Alone(function), blocks, n_jobs, n_jobs, nothing)


def ordered_sum(blocks: Iterable[B], function: Callable[[B], Arrays], n_jobs: int = 1) -> Arrays:
    """The sums of the float64 arrays that `function` gives for each block; () for no blocks."""
    call = None if (checkpoint := place().checkpoint) is None else checkpoint.next_call(function)
    begin, total = call.stored(1).get(0, (0, ())) if call else (0, ())
    done, kept = begin, time.monotonic()
    for terms in ordered_map(function, islice(blocks, begin, None), n_jobs):
        if not total:
            total = tuple(np.array(term, dtype=np.float64) for term in terms)
        else:
            for sum_so_far, term in zip(total, terms, strict=True):
                sum_so_far += term
        done += 1
        if call and time.monotonic() - kept >= _KEPT_S:
            call.store(0, (done, total))
            kept = time.monotonic()
    if call and done > begin:
        call.store(0, (done, total))
    return total
