"""Input layers: exact layers before a kernel part, from what is known of the table.

    symmetry    functions of the columns that do not change under a group (`_symmetric_functions`)
    projection  the principal components that hold the variance, each in its own unit
    step        all columns, and 1{w·φ(x) > c} as −1 or 1: a jump that a smooth part need not blur
    orbit       for targets that move along with blocks of columns: f_j(x) = h(τ_j x), where τ_j
                moves block j to the position of the first

A kernel part is fitted to the transformed rows, as to any other rows. So its out-of-fold
predictions have not seen their targets. An input layer that has seen the target is found again for
each fold.

Equivariance is a table of more rows: h is fitted to the rows (τ_j x_i, y_ij) of all blocks j. So n
rows with q targets become q n rows with one. The images of one row lie in one fold. The network
computes h at the q images of a row, with one set of weights.

Every kind of fit returns a `Part`: a model as a part of the whole, on the scale and with the layers
that it was fitted with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from motifnet.engine import Matrix
from motifnet.motifs import (
    Affine,
    Chain,
    Concat,
    Identity,
    Images,
    Monomial,
    Motif,
    Parallel,
    Select,
    Step,
)
from motifnet.structure._detector import Rows
from motifnet.structure._group import Group
from motifnet.structure._surface import Surface
from motifnet.structure._symmetric_functions import (
    common_units,
    first_and_others,
    others_of,
    quotient_layer,
)
from motifnet.tables import Sample
from motifnet.teachers import FittedTeacher
from motifnet.training import CrossTuned, TunedModel
from motifnet.transfer import transfer

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Part:
    """A model as a network: its name, out-of-fold scores with shape (n, q), the network, and the
    same function in numpy. Two parts are never equal.
    """

    name: str
    oof: Matrix
    network: Motif
    predict: Callable[[Matrix], Matrix]


def numpy_of(network: Motif, X: Matrix) -> Matrix:
    """The network at rows X with shape (n, d), in float64."""
    with torch.no_grad():
        return network(torch.as_tensor(X)).numpy()


@dataclass(frozen=True)
class InputLayer:
    """A motif from d to m columns, of which `numeric` with shape (m,) are numbers. `by_fold`: the
    motifs found without each fold, where they differ.
    """

    name: str
    motif: Motif
    numeric: Mask
    by_fold: tuple[Motif, ...] = ()

    def transform(self, sample: Sample) -> Sample:
        """The sample with transformed columns."""
        X, views = numpy_of(self.motif, sample.X), None
        if self.by_fold or sample.views is not None:
            motifs = self.by_fold or (self.motif,) * sample.folds.count
            views = tuple(numpy_of(motif, sample.view(k)) for k, motif in enumerate(motifs))
        return replace(sample, X=X, views=views, numeric=self.numeric)

    def around(self, network: Motif) -> Motif:
        """The network after this layer."""
        return Chain([self.motif, network], label=self.name)

    def part(self, name: str, fitted: FittedTeacher | CrossTuned) -> Part:
        """The part of a model that was fitted to the transformed sample. Each of several models of
        a cross-tuned one has the layer of its own fold.
        """
        models = fitted.models if self.by_fold and isinstance(fitted, CrossTuned) else (fitted,)
        input_layers = self.by_fold[: len(models)] if len(models) > 1 else (self.motif,)
        branches: list[Motif] = [
            Chain([input_layer, transfer(model)], label=self.name)
            for input_layer, model in zip(input_layers, models, strict=True)
        ]
        share = torch.full((len(branches),), 1 / len(branches), dtype=torch.float64)
        network = branches[0] if len(branches) == 1 else Parallel(share, branches)
        return Part(
            f"{name}, {self.name}",
            fitted.oof,
            network,
            partial(_predict_transformed, input_layers=input_layers, models=models),
        )


def symmetry(group: Group, rows: Rows, X: Matrix) -> InputLayer:
    """The quotient layer of a group; X with shape (n, d) gives its columns their units."""
    units, others = common_units(group, rows.centre, rows.unit), others_of(group)
    layer, made = in_own_units(Chain([units, quotient_layer(group)]), X, len(others))
    name = (
        "absolute values"
        if group.is_absolute
        else "sorting layer"
        if group.kind == "permutations"
        else "orbit sums"
    )
    return InputLayer(
        name, layer, np.concatenate([rows.numeric[others], np.ones(made - len(others), dtype=bool)])
    )


def own_units(X: Matrix) -> InputLayer:
    """Each column with mean 0 and sd 1."""
    sd = X.std(0)
    sd[sd == 0] = 1.0
    layer = Affine(torch.diag(torch.as_tensor(1 / sd)), torch.as_tensor(-X.mean(0) / sd))
    return InputLayer("own units", layer, np.ones(X.shape[1], dtype=bool))


def in_own_units(layer: Motif, X: Matrix, kept: int) -> tuple[Motif, int]:
    """The layer with mean 0 and sd 1 of all columns that it makes of X, except the first `kept`
    columns, and the number of columns.
    """
    Z = numpy_of(layer, X)
    mean, sd = Z.mean(0), Z.std(0)
    sd[sd <= 1e-12 * np.abs(mean)] = 1.0  # constant but for rounding
    mean[:kept], sd[:kept] = 0.0, 1.0
    return Chain(
        [layer, Affine(torch.diag(torch.as_tensor(1 / sd)), torch.as_tensor(-mean / sd))]
    ), len(sd)


def projection(X: Matrix, numeric: Mask, components: int) -> InputLayer:
    """The leading principal components of the numeric columns of X."""
    columns = [int(j) for j in np.flatnonzero(numeric)]
    mean = X[:, columns].mean(0)
    _, sizes, axes = np.linalg.svd(X[:, columns] - mean, full_matrices=False)
    axes = axes[:components] * (
        np.sqrt(len(X)) / np.maximum(sizes[:components, None], 1e-12 * sizes[0])
    )
    others = [int(j) for j in np.flatnonzero(~numeric)]
    layer = Chain([Select(columns), Affine(torch.as_tensor(axes), torch.as_tensor(-axes @ mean))])
    return InputLayer(
        "projection",
        Concat([Select(others), layer]) if others else layer,
        np.arange(len(others) + len(axes)) >= len(others),
    )


def step(surface: Surface, threshold: float, d: int) -> Motif:
    """All d columns, and −1 or 1 for the side of the surface on which the row lies."""
    powers = np.zeros((len(surface.columns), d), dtype=int)
    powers[np.arange(len(powers)), list(surface.columns)] = surface.powers
    kept = np.flatnonzero(surface.weight)
    weight = torch.as_tensor(surface.weight[kept][None])
    height = Affine(weight, torch.tensor([-threshold], dtype=torch.float64))
    sides = Affine(
        torch.tensor([[2.0]], dtype=torch.float64), torch.tensor([-1.0], dtype=torch.float64)
    )
    indicator = Chain(
        [
            Monomial(powers[kept].tolist()),
            height,
            Step(torch.tensor(0.0, dtype=torch.float64)),
            sides,
        ]
    )
    return Concat([Identity(), indicator])


def _predict_transformed(
    X: Matrix,
    input_layers: Sequence[Motif],
    models: Sequence[FittedTeacher | CrossTuned | TunedModel],
) -> Matrix:
    return np.asarray(
        sum(
            model.predict(numpy_of(input_layer, X))
            for input_layer, model in zip(input_layers, models, strict=True)
        )
        / len(models)
    )


@dataclass(frozen=True)
class Orbit:
    """The input layer of an equivariant map.

    units: a motif from d to d columns; permutations with shape (q, d): the τ_j; body: a motif on
    each image, of whose columns `numeric` are numbers; slope, shift with shape (q,): targets in one
    unit are slope y + shift.
    """

    name: str
    units: Motif
    permutations: NDArray[np.int64]
    body: Motif
    numeric: NDArray[np.bool_]
    slope: Matrix
    shift: Matrix

    def transform(self, sample: Sample) -> Sample:
        """The sample with all images of each row, one block after the other."""
        rows = np.tile(np.arange(sample.n), len(self.permutations))
        of = replace(
            sample.folds,
            of=sample.folds.of[rows],
            groups=None if sample.folds.groups is None else sample.folds.groups[rows],
        )
        groups = None if sample.groups is None else sample.groups[rows]
        time = None if sample.time is None else sample.time[rows]
        views = None if sample.views is None else tuple(self._images(view) for view in sample.views)
        y = (sample.y * self.slope + self.shift).T.reshape(-1, 1)
        return Sample(
            self._images(sample.X),
            y,
            sample.weight[rows],
            of,
            groups,
            time,
            numeric=self.numeric,
            views=views,
        )

    def part(self, name: str, fitted: FittedTeacher | CrossTuned) -> Part:
        """The part of a model that was fitted to the images."""
        images = Images(
            Chain([self.body, transfer(fitted)], label=self.name),
            torch.as_tensor(self.permutations),
        )
        units = Affine(
            torch.diag(torch.as_tensor(1 / self.slope)), torch.as_tensor(-self.shift / self.slope)
        )
        network = Chain([self.units, images, units], label=self.name)
        return Part(
            f"{name}, {self.name}",
            self._targets(fitted.oof),
            network,
            partial(_predict_at_images, orbit=self, fitted=fitted),
        )

    def _images(self, X: Matrix) -> Matrix:
        Z = numpy_of(self.units, X)
        return np.vstack([numpy_of(self.body, Z[:, p]) for p in self.permutations])

    def _targets(self, values: Matrix) -> Matrix:
        """Values at the images, with shape (q n, 1), as targets of the rows, with shape (n, q)."""
        return np.asarray((values.reshape(len(self.permutations), -1).T - self.shift) / self.slope)


def equivariant(group: Group, rows: Rows, X: Matrix) -> Orbit:
    """The layer for targets that move along with the blocks of a group. X with shape (n, d) gives
    the columns their units.
    """
    unit = np.sqrt(np.mean(rows.sd**2))
    slope, shift = rows.sd / unit, (rows.mean - rows.mean.mean()) / unit
    units = common_units(group, rows.centre, rows.unit)
    permutations = np.array(group.moves_to_first())
    others = others_of(group)
    Z = numpy_of(units, X)
    body, made = in_own_units(
        first_and_others(group), np.vstack([Z[:, p] for p in permutations]), len(others)
    )
    numeric = np.concatenate([rows.numeric[others], np.ones(made - len(others), dtype=bool)])
    return Orbit("equivariant layer", units, permutations, body, numeric, slope, shift)


def _predict_at_images(X: Matrix, orbit: Orbit, fitted: FittedTeacher | CrossTuned) -> Matrix:
    return orbit._targets(fitted.predict(orbit._images(X)))
