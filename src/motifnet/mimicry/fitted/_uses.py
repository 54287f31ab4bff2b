"""What a network does with each of its raw columns: compares it with levels, computes with it, or both; and the values that it knows of.

A column is followed through the layers while it is an affine image a x + b of itself; one with a = 1, b = 0 that meets a `Lookup` holds levels.
A value v that the layers compare with (centres, thresholds, ends of segments) is the raw value (v − b) / a.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from motifnet.motifs import (
    Affine,
    Chain,
    Clip,
    Concat,
    Distance,
    Fill,
    Gaps,
    Hinge,
    Identity,
    Lookup,
    Missing,
    Motif,
    Parallel,
    Piecewise,
    Precise,
    Select,
    SparseAffine,
    TreeEnsemble,
)
from motifnet.tables import Matrix


class Image(NamedTuple):
    """a x + b of a raw column x."""

    column: int
    a: float = 1.0
    b: float = 0.0


At = Sequence[Image | None]


@dataclass
class Uses:
    """Columns that are computed with; levels, None for a missing one, and numbers that the network knows, by column."""

    numbers: set[int] = field(default_factory=set)
    levels: dict[int, set[Any]] = field(default_factory=lambda: defaultdict(set))
    unseen: set[int] = field(default_factory=set)  # columns that may hold levels which the fit has not seen
    values: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, network: Motif, d: int) -> Uses:
        """Those of a network with d inputs."""
        uses = cls()
        uses.computed(uses.follow(network, [Image(j) for j in range(d)]))
        return uses

    def texts(self, column: int) -> bool:
        """Whether strings are levels of a column."""
        return any(isinstance(level, str) for level in self.levels.get(column, ()))

    def computed(self, at: At) -> None:
        """Columns that are taken as numbers."""
        self.numbers |= {image.column for image in at if image}

    def follow(self, part: Motif, at: At) -> At:
        """The columns behind a part, None for what is no single column any more."""
        if isinstance(part, Chain):
            for one in part.parts:
                at = self.follow(one, at)
            return at
        if isinstance(part, Precise):
            return self.follow(part.body, at)
        if isinstance(part, Concat):
            return [image for branch in part.branches for image in self.follow(branch, at)]
        if isinstance(part, Select):
            return [at[j] for j in part.columns]
        if isinstance(part, Identity | Fill | Missing):
            return at
        if isinstance(part, Parallel):
            for branch in part.branches:
                self.computed(self.follow(branch, at))
        elif isinstance(part, Lookup):
            self._looked_up(part, at[0])
        elif isinstance(part, Affine | SparseAffine) and (columns := _own_columns(part)) is not None:
            self.computed(at)
            return [_scaled(at[j], a, b) for j, a, b in columns]
        elif isinstance(part, TreeEnsemble):
            inner = part.left.numpy() != np.arange(len(part.left))
            feature, threshold = part.feature.numpy()[inner], part.threshold.detach().double().numpy()[inner]
            self.computed([at[j] for j in np.unique(feature)])
            self._known((at[j], threshold[feature == j]) for j in np.unique(feature))
        elif not isinstance(part, Gaps):
            self.computed(at)
            self._known(zip(at, _columns_of_values(part, len(at)), strict=False))
        return [None] * part.outputs(len(at))

    def _looked_up(self, part: Lookup, image: Image | None) -> None:
        if image is None or image[1:] != (1.0, 0.0):
            return
        names = part.texts or [""] * len(part.levels)
        self.levels[image.column] |= {name or float(level) for name, level in zip(names, part.levels, strict=True)}
        unseen, missing = (bool(row.isfinite().all()) for row in part.table[-2:])
        if missing:
            self.levels[image.column].add(None)
        if unseen:
            self.unseen.add(image.column)

    def _known(self, found: Iterable[tuple[Image | None, Matrix]]) -> None:
        for image, values in found:
            if image and image.a:
                self.values[image.column] += ((values[np.isfinite(values)] - image.b) / image.a).tolist()


def _own_columns(part: Affine | SparseAffine) -> list[tuple[int, float, float]] | None:
    """Column, factor and shift of each output, where it is an image of one column."""
    weight, bias = part.weight.detach(), part.bias.detach().tolist()
    if isinstance(part, SparseAffine):
        return list(zip(part.index[:, 0].tolist(), weight[:, 0].tolist(), bias, strict=True)) if weight.shape[1] == 1 else None
    if weight.shape != (1, 1):
        return None
    return [(0, float(weight), bias[0])]


def _scaled(image: Image | None, a: float, b: float) -> Image | None:
    return image and Image(image.column, a * image.a, a * image.b + b)


def _columns_of_values(part: Motif, width: int) -> Sequence[Matrix]:
    """Values that a part compares each of its columns with."""
    if isinstance(part, Distance):
        return list(part.centres.detach().double().numpy().T)
    if isinstance(part, Hinge):
        return list(part.knots.detach().double().numpy())
    if isinstance(part, Piecewise):
        return list(part.starts.detach().double().numpy())
    if isinstance(part, Clip):
        return list(np.stack([np.broadcast_to(np.atleast_1d(side.double().numpy()), width) for side in (part.low, part.high)], 1))
    return []
