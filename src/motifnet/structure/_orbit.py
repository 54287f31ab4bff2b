"""Equivariance as a table of more rows: f_j(x) = h(τ_j x), with τ_j moving block j to the front.

h is fitted to the rows (τ_j x_i, y_ij) of all blocks j, so that n rows with q targets become q n rows with one; images of one row lie in one fold,
and scores are as honest as before. The network computes h at the q images of a row, with one set of weights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from motifnet.mimicry import transfer
from motifnet.motifs import Affine, Chain, Images, Motif
from motifnet.profiling import Group, Rows
from motifnet.retrain import CrossTuned
from motifnet.structure._front import in_own_units
from motifnet.structure._part import Part, numpy_of
from motifnet.structure._symmetric import common_units, first_and_others, others_of
from motifnet.tables import Matrix, Sample
from motifnet.teachers import FittedTeacher


@dataclass(frozen=True)
class Orbit:
    """`units` from d to d columns, the τ_j as `permutations` with shape (q, d), `body` behind each image, of whose columns `numeric` are numbers.

    `slope` and `shift` with shape (q,): targets in one unit are slope y + shift.
    """

    name: str
    units: Motif
    permutations: NDArray[np.int64]
    body: Motif
    numeric: NDArray[np.bool_]
    slope: Matrix
    shift: Matrix

    def behind(self, sample: Sample) -> Sample:
        """The sample with all images of each row, one block after the other."""
        rows = np.tile(np.arange(sample.n), len(self.permutations))
        of = replace(sample.folds, of=sample.folds.of[rows], groups=None if sample.folds.groups is None else sample.folds.groups[rows])
        groups = None if sample.groups is None else sample.groups[rows]
        time = None if sample.time is None else sample.time[rows]
        views = None if sample.views is None else tuple(self._images(view) for view in sample.views)
        y = (sample.y * self.slope + self.shift).T.reshape(-1, 1)
        return Sample(self._images(sample.X), y, sample.weight[rows], of, groups, time, numeric=self.numeric, views=views)

    def part(self, name: str, fitted: FittedTeacher | CrossTuned) -> Part:
        """The part of a model that was fitted to the images."""
        images = Images(Chain([self.body, transfer(fitted)], label=self.name), torch.as_tensor(self.permutations))
        units = Affine(torch.diag(torch.as_tensor(1 / self.slope)), torch.as_tensor(-self.shift / self.slope))
        network = Chain([self.units, images, units], label=self.name)
        return Part(f"{name}, {self.name}", self._targets(fitted.oof), network, partial(_through, orbit=self, fitted=fitted))

    def _images(self, X: Matrix) -> Matrix:
        Z = numpy_of(self.units, X)
        return np.vstack([numpy_of(self.body, Z[:, p]) for p in self.permutations])

    def _targets(self, values: Matrix) -> Matrix:
        """Values at the images, with shape (q n, 1), as targets of the rows, with shape (n, q)."""
        return np.asarray((values.reshape(len(self.permutations), -1).T - self.shift) / self.slope)


def equivariant(group: Group, rows: Rows, X: Matrix) -> Orbit:
    """The layer for targets that move along with the blocks of a group; X with shape (n, d) gives its columns their units."""
    unit = np.sqrt(np.mean(rows.sd**2))
    slope, shift = rows.sd / unit, (rows.mean - rows.mean.mean()) / unit
    units, permutations, others = common_units(group, rows.centre, rows.unit), np.array(group.to_the_front()), others_of(group)
    Z = numpy_of(units, X)
    body, made = in_own_units(first_and_others(group), np.vstack([Z[:, p] for p in permutations]), len(others))
    numeric = np.concatenate([rows.numeric[others], np.ones(made - len(others), dtype=bool)])
    return Orbit("equivariant layer", units, permutations, body, numeric, slope, shift)


def _through(X: Matrix, orbit: Orbit, fitted: FittedTeacher | CrossTuned) -> Matrix:
    return orbit._targets(fitted.predict(orbit._images(X)))
