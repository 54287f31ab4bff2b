"""The protocol of teachers: cheap models, fitted first, whose structure is then computed into a network.

A teacher is a small frozen object of settings. `fit` takes a sample and returns the fitted model, which carries honest out-of-fold predictions: row i
is predicted by a fit, choice of settings included, that has not seen row i's fold. Scores are in the coding of `Sample.y`, except that boosted trees
give logits for classes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Control
from motifnet.tables import Sample

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class FittedTeacher(ABC):
    """A fitted teacher. `oof` with shape (n, q): out-of-fold predictions, NaN in rows that no fold scores."""

    oof: Matrix

    @abstractmethod
    def predict(self, X: Matrix) -> Matrix:
        """Predictions with shape (m, q) at encoded rows X with shape (m, d)."""


class Teacher(ABC):
    """Settings of a teacher; its name in ledger, card and messages is that of the registry."""

    @abstractmethod
    def fit(self, sample: Sample, *, seed: int = 0, n_jobs: int = 1, control: Control | None = None) -> FittedTeacher:
        """Fit on all rows and predict every scored row from the other folds; raises `Stopped` where `control` says so."""
