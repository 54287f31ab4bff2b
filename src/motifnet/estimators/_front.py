"""A front: a layer before a kernel part that says what is known of the table, exact, and computed from what the profile found.

    sorting     the columns of an orbit in increasing order: every function of them is invariant under their permutations
    absolute    |x| of columns whose sign does not matter
    projection  the principal components that hold the variance, each in its own unit
    step        all columns, and 1{w·φ(x) > c} beside them, −1 or 1: a jump that a smooth part need not blur

A kernel part is fitted to the rows behind the front, as to any other rows, so that its scores are as honest as those of other parts. A front that has
seen the target is found again for each fold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from motifnet.estimators._goal import Part, numpy_of
from motifnet.mimicry import transfer
from motifnet.motifs import Abs, Affine, Chain, Concat, Identity, Monomial, Motif, Select, Sort, Step
from motifnet.profiling import Surface
from motifnet.retrain import CrossTuned
from motifnet.tables import Matrix, Sample
from motifnet.teachers import FittedTeacher

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Front:
    """`motif` from d to m columns, of which `numeric` with shape (m,) are numbers; `by_fold`: those found without the fold, where they differ."""

    name: str
    motif: Motif
    numeric: Mask
    by_fold: tuple[Motif, ...] = ()

    def behind(self, sample: Sample) -> Sample:
        """The sample as seen behind the front."""
        X, views = numpy_of(self.motif, sample.X), None
        if self.by_fold or sample.views is not None:
            motifs = self.by_fold or (self.motif,) * sample.folds.count
            views = tuple(numpy_of(motif, sample.view(k)) for k, motif in enumerate(motifs))
        return replace(sample, X=X, views=views, numeric=self.numeric)

    def part(self, name: str, fitted: FittedTeacher | CrossTuned) -> Part:
        """The part of a model that was fitted behind the front."""
        network = Chain([self.motif, transfer(fitted)], label=self.name)
        return Part(f"{name}, {self.name}", fitted.oof, network, partial(_through, front=self.motif, fitted=fitted))


def sorting(columns: list[int], numeric: Mask, slope: Matrix, shift: Matrix) -> Front:
    """Sort slope x + shift, with shape (q,), of q columns: the units in which they may be exchanged."""
    return _of_columns("sorting layer", columns, numeric, [_scaled(slope, shift), Sort()], len(columns))


def absolute(columns: list[int], numeric: Mask, slope: Matrix, shift: Matrix) -> Front:
    """|slope x + shift| of some columns."""
    return _of_columns("absolute values", columns, numeric, [_scaled(slope, shift), Abs()], len(columns))


def projection(X: Matrix, numeric: Mask, components: int) -> Front:
    """The leading principal components of the numeric columns of X."""
    columns = [int(j) for j in np.flatnonzero(numeric)]
    mean = X[:, columns].mean(0)
    _, sizes, axes = np.linalg.svd(X[:, columns] - mean, full_matrices=False)
    axes = axes[:components] * (np.sqrt(len(X)) / np.maximum(sizes[:components, None], 1e-12 * sizes[0]))
    affine = Affine(torch.as_tensor(axes), torch.as_tensor(-axes @ mean))
    return _of_columns("projection", columns, numeric, [affine], len(axes))


def step(surface: Surface, threshold: float, d: int) -> Motif:
    """All d columns, and the side of the surface on which the row lies."""
    powers = np.zeros((len(surface.columns), d), dtype=int)
    powers[np.arange(len(powers)), list(surface.columns)] = surface.powers
    kept = np.flatnonzero(surface.weight)
    weight = torch.as_tensor(surface.weight[kept][None])
    height = Affine(weight, torch.tensor([-threshold], dtype=torch.float64))
    sides = _scaled(np.array([2.0]), np.array([-1.0]))
    indicator = Chain([Monomial(powers[kept].tolist()), height, Step(torch.tensor(0.0, dtype=torch.float64)), sides])
    return Concat([Identity(), indicator])


def _of_columns(name: str, columns: list[int], numeric: Mask, layers: list[Motif], made: int) -> Front:
    """The other columns as they are, then what the layers make of these."""
    others = [j for j in range(len(numeric)) if j not in set(columns)]
    layer = Chain([Select(columns), *layers])
    motif = Concat([Select(others), layer]) if others else layer
    return Front(name, motif, np.concatenate([numeric[others], np.ones(made, dtype=bool)]))


def _scaled(slope: Matrix, shift: Matrix) -> Affine:
    return Affine(torch.diag(torch.as_tensor(slope)), torch.as_tensor(shift))


def _through(X: Matrix, front: Motif, fitted: FittedTeacher | CrossTuned) -> Matrix:
    return fitted.predict(numpy_of(front, X))
