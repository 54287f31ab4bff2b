"""From the profile of a table to input layers for its fit.

invariance            → functions that do not change under the group; one network for several
                        targets that move along. The targets of all rows choose the group once. So
                        its out-of-fold error has seen that choice (`benchmarks/invariance.py`
                        measures it)
intrinsic dimension   → a projection
singularity           → a step across the surface, found again without each fold

The search for a step is long. First a step is found without the fold of a trial. Those of the other
folds follow where the trial is better for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Control, UsageError
from motifnet.motifs import Motif
from motifnet.structure._detector import Rows
from motifnet.structure._group import PRESETS
from motifnet.structure._input_layer import (
    InputLayer,
    Orbit,
    equivariant,
    projection,
    step,
    symmetry,
)
from motifnet.structure._profile import (
    BOUNDARY_ROWS,
    MAX_JUMP_COLUMNS,
    Profile,
    structural_findings,
)
from motifnet.structure._singularity import boundary
from motifnet.tables import Sample

Request = Literal["auto"] | Profile | None
SEARCH_SECONDS = 2.0  # of the search for a step, which cannot be interrupted


def check_profile(request: Any) -> Request:
    """Raises UsageError for anything but "auto", None or a profile."""
    if request is None or isinstance(request, Profile) or request == "auto":
        return request
    raise UsageError(
        f"profile={request!r} is not known. Pass 'auto', None, or what "
        "motifnet.profile(X, y) returns."
    )


@dataclass(frozen=True)
class Candidate:
    """An input layer for a trial on the rows of one fold, and a function that finds it for all
    folds. It may return None.
    """

    input_layer: InputLayer | Orbit
    whole: Callable[[], InputLayer | Orbit | None]


@dataclass(frozen=True)
class Prescriber:
    """Input layers for a fit. `request`: a profile, or "auto"; `rows`: those of the fit, in random
    order.
    """

    request: Literal["auto"] | Profile
    rows: Rows

    def __post_init__(self) -> None:
        blocks = (
            []
            if self.request == "auto"
            else self.request.prescription.get("invariance", {}).get("blocks", [])
        )
        unknown = [name for block in blocks for name in block if name not in self.rows.names]
        if unknown:
            known = ", ".join(map(repr, self.rows.names[:12]))
            raise UsageError(
                f"The profile is of a table with a column {unknown[0]!r}, this one has {known}. "
                "Pass the profile of this table."
            )

    def profile(self, control: Control) -> Profile:
        """The given profile, or the findings on few rows."""
        return (
            self.request
            if isinstance(self.request, Profile)
            else structural_findings(self.rows, control.check)
        )

    def input_layers(
        self, profile: Profile, sample: Sample, fold: int, control: Control
    ) -> Iterator[Candidate]:
        """The input layers of a profile's prescription, for a trial on the rows of a fold."""
        settings = profile.prescription
        makers: Mapping[str, Callable[[Mapping[str, Any], Sample], InputLayer | Orbit | None]] = {
            "invariance": self._invariant,
            "intrinsic dimension": self._projected,
        }
        for detector, maker in makers.items():
            input_layer = maker(settings[detector], sample) if detector in settings else None
            if input_layer is not None:
                yield Candidate(input_layer, partial(_known, input_layer))
        if "singularity" in settings and (motif := self._step(sample, fold, control)) is not None:
            numeric = np.append(self.rows.numeric, False)
            yield Candidate(
                InputLayer("step", motif, numeric, (motif,)),
                partial(self._stepped, motif, numeric, sample, fold, control),
            )

    def _invariant(self, setting: Mapping[str, Any], sample: Sample) -> InputLayer | Orbit | None:
        blocks = [[self.rows.names.index(name) for name in block] for block in setting["blocks"]]
        group = PRESETS[setting["group"]](blocks, self.rows.d)
        if not group.is_layer or (setting["equivariant"] and sample.response is not None):
            return None  # the losses of several targets have no common unit
        return (
            equivariant(group, self.rows, sample.X)
            if setting["equivariant"]
            else symmetry(group, self.rows, sample.X)
        )

    def _projected(self, setting: Mapping[str, Any], sample: Sample) -> InputLayer | None:
        components = setting.get("projection")
        numeric = self.rows.numeric
        return (
            None
            if components is None or not numeric.any()
            else projection(sample.X, numeric, components)
        )

    def _stepped(
        self, known: Motif, numeric: NDArray[np.bool_], sample: Sample, fold: int, control: Control
    ) -> InputLayer | None:
        """The step of every fold and of all rows. That of one fold is known. That of a single fold
        is the model's too, as its feature layers are.
        """
        folds = [*range(sample.folds.count), None if sample.folds.count > 1 else fold]
        found = [known if k == fold else self._step(sample, k, control) for k in folds]
        motifs = [motif for motif in found if motif is not None]
        return (
            InputLayer("step", motifs[-1], numeric, tuple(motifs[:-1]))
            if len(motifs) == len(found)
            else None
        )

    def _step(self, sample: Sample, k: int | None, control: Control) -> Motif | None:
        """The step across the most likely surface, without fold k unless it is None."""
        control.check(SEARCH_SECONDS)
        part = sample if k is None else sample.rows(sample.folds.train(k), k)
        order = np.random.default_rng([self.rows.seed, 7]).permutation(part.n)[:BOUNDARY_ROWS]
        rows = replace(self.rows, X=part.X[order], y=part.y[order])
        kept = rows.relevant_columns(MAX_JUMP_COLUMNS)
        found = boundary(rows.of_columns(kept))
        if found is None:
            return None
        surface, threshold = found
        return step(
            replace(surface, columns=tuple(int(kept[column]) for column in surface.columns)),
            threshold,
            part.X.shape[1],
        )


def _known(input_layer: InputLayer | Orbit) -> InputLayer | Orbit:
    return input_layer
