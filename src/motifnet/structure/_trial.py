"""A trial on few rows, before a front costs what its full price is: does a small kernel fit predict a fold better behind the front?

    r = |y − f(front(x))| / |y − g(x)|      root mean squares over rows of fold k; f and g kernel ridge on rows that may predict the fold

A front that was found without fold k is judged by rows that it has not seen. r ≤ 1 − GAIN is worth the full price; what is decided on all folds then
decides whether it stays. A projection is not tried so: kernels gain by it only when their layers are trained behind it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motifnet.structure._front import Front
from motifnet.structure._part import numpy_of
from motifnet.tables import Matrix, Sample, drawn
from motifnet.teachers import Teacher

ROWS = 700  # at most, to fit and again to judge
GAIN = 0.01


@dataclass(frozen=True)
class Rejected:
    """A front that is not worth its price, and the ratio of errors that says so."""

    name: str
    ratio: float

    @property
    def note(self) -> str:
        return f"a small fit behind this layer has {self.ratio:.3f} of the error without it: not tried further"


def error_ratio(front: Front, sample: Sample, k: int, teacher: Teacher, seed: int) -> float:
    """The ratio above for fold k; 1 where the fold has no rows to compare on."""
    rng = np.random.default_rng([seed, 37])
    train, new = (drawn(rows, ROWS, rng) for rows in (sample.folds.train(k), sample.folds.held_out(k)))
    if train.sum() < 2 or not new.any():
        return 1.0
    part, X, y, w = sample.rows(train, k), sample.view(k)[new], sample.y[new], sample.weight[new]
    rows = ((front.behind(part), numpy_of(front.motif, X)), (part, X))
    behind, plain = (_error(teacher.fit(some, seed=seed).predict(at), y, w) for some, at in rows)
    return behind / max(plain, 1e-300)


def _error(predicted: Matrix, y: Matrix, weight: Matrix) -> float:
    return float(np.sqrt(np.average((predicted - y) ** 2, axis=0, weights=weight).mean()))
