"""The table of teachers by name: a new one is one line here."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from motifnet.teachers._base import Teacher
from motifnet.teachers._kernel_ridge import KernelRidge
from motifnet.teachers._linear import Linear
from motifnet.teachers._splines import Splines
from motifnet.teachers._support_vectors import SupportVectors
from motifnet.teachers._trees import BoostedTrees

TEACHERS: dict[str, Callable[[], Teacher]] = {
    "kernel ridge": KernelRidge,
    "support vectors": SupportVectors,
    "splines": Splines,
    "linear": Linear,
    "trees": BoostedTrees,
    "quick trees": partial(BoostedTrees, learning_rate=0.1, max_trees=250, patience=20),
    "randomised trees": partial(BoostedTrees, leaves=15, randomised=True),
    "smoothed trees": partial(BoostedTrees, leaves=16, min_rows=2, columns=1.0, smooth=3.0),
    "shallow trees": partial(BoostedTrees, learning_rate=0.03, leaves=15, min_rows=10, columns=0.5, max_trees=1000, patience=60),
    "catboost": partial(BoostedTrees, library="catboost"),
}
