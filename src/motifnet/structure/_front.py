"""A front: a layer before a kernel part that says what is known of the table, exact, and computed from what the profile found.

    symmetry    functions of the columns that do not change under a group (see `_symmetric`)
    projection  the principal components that hold the variance, each in its own unit
    step        all columns, and 1{w·φ(x) > c} beside them, −1 or 1: a jump that a smooth part need not blur

A kernel part is fitted to the rows behind the front, as to any other rows, so that its scores are as honest as those of other parts. A front that has
seen the target is found again for each fold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from motifnet.mimicry import transfer
from motifnet.motifs import Affine, Chain, Concat, Identity, Monomial, Motif, Parallel, Select, Step
from motifnet.profiling import Group, Rows, Surface
from motifnet.retrain import CrossTuned, TunedModel
from motifnet.structure._part import Part, numpy_of
from motifnet.structure._symmetric import common_units, others_of, quotient_layer
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

    def around(self, network: Motif) -> Motif:
        """A network behind the front."""
        return Chain([self.motif, network], label=self.name)

    def part(self, name: str, fitted: FittedTeacher | CrossTuned) -> Part:
        """The part of a model that was fitted behind the front; each of the models of a cross-tuned one behind that of its own fold."""
        models = fitted.models if self.by_fold and isinstance(fitted, CrossTuned) else (fitted,)
        fronts = self.by_fold[: len(models)] if len(models) > 1 else (self.motif,)
        branches: list[Motif] = [Chain([front, transfer(model)], label=self.name) for front, model in zip(fronts, models, strict=True)]
        share = torch.full((len(branches),), 1 / len(branches), dtype=torch.float64)
        network = branches[0] if len(branches) == 1 else Parallel(share, branches)
        return Part(f"{name}, {self.name}", fitted.oof, network, partial(_through, fronts=fronts, models=models))


def symmetry(group: Group, rows: Rows, X: Matrix) -> Front:
    """The quotient layer of a group; X with shape (n, d) gives its columns their units."""
    units, others = common_units(group, rows.centre, rows.unit), others_of(group)
    layer, made = in_own_units(Chain([units, quotient_layer(group)]), X, len(others))
    name = "absolute values" if group.is_absolute else "sorting layer" if group.kind == "permutations" else "orbit sums"
    return Front(name, layer, np.concatenate([rows.numeric[others], np.ones(made - len(others), dtype=bool)]))


def own_units(X: Matrix) -> Front:
    """Each column with mean 0 and sd 1."""
    sd = X.std(0)
    sd[sd == 0] = 1.0
    layer = Affine(torch.diag(torch.as_tensor(1 / sd)), torch.as_tensor(-X.mean(0) / sd))
    return Front("own units", layer, np.ones(X.shape[1], dtype=bool))


def in_own_units(layer: Motif, X: Matrix, kept: int) -> tuple[Motif, int]:
    """The layer with mean 0 and sd 1 of all columns that it makes of X, but for the first so many; and their number."""
    Z = numpy_of(layer, X)
    mean, sd = Z.mean(0), Z.std(0)
    sd[sd <= 1e-12 * np.abs(mean)] = 1.0  # constant but for rounding
    mean[:kept], sd[:kept] = 0.0, 1.0
    return Chain([layer, Affine(torch.diag(torch.as_tensor(1 / sd)), torch.as_tensor(-mean / sd))]), len(sd)


def projection(X: Matrix, numeric: Mask, components: int) -> Front:
    """The leading principal components of the numeric columns of X."""
    columns = [int(j) for j in np.flatnonzero(numeric)]
    mean = X[:, columns].mean(0)
    _, sizes, axes = np.linalg.svd(X[:, columns] - mean, full_matrices=False)
    axes = axes[:components] * (np.sqrt(len(X)) / np.maximum(sizes[:components, None], 1e-12 * sizes[0]))
    others = [int(j) for j in np.flatnonzero(~numeric)]
    layer = Chain([Select(columns), Affine(torch.as_tensor(axes), torch.as_tensor(-axes @ mean))])
    return Front("projection", Concat([Select(others), layer]) if others else layer, np.arange(len(others) + len(axes)) >= len(others))


def step(surface: Surface, threshold: float, d: int) -> Motif:
    """All d columns, and the side of the surface on which the row lies."""
    powers = np.zeros((len(surface.columns), d), dtype=int)
    powers[np.arange(len(powers)), list(surface.columns)] = surface.powers
    kept = np.flatnonzero(surface.weight)
    weight = torch.as_tensor(surface.weight[kept][None])
    height = Affine(weight, torch.tensor([-threshold], dtype=torch.float64))
    sides = Affine(torch.tensor([[2.0]], dtype=torch.float64), torch.tensor([-1.0], dtype=torch.float64))
    indicator = Chain([Monomial(powers[kept].tolist()), height, Step(torch.tensor(0.0, dtype=torch.float64)), sides])
    return Concat([Identity(), indicator])


def _through(X: Matrix, fronts: Sequence[Motif], models: Sequence[FittedTeacher | CrossTuned | TunedModel]) -> Matrix:
    return np.asarray(sum(model.predict(numpy_of(front, X)) for front, model in zip(fronts, models, strict=True)) / len(models))
