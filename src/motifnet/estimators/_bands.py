"""What bands are made from: rows of the fit and the kernel that it trained, kept beside the model until a band is requested.

all rows   the trained inner layers; they have seen the y from which the band is then computed, and it covers less than it says
split      inner layers trained again on one half of the rows, the band from the other half
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from motifnet.bands import Band, in_units, last_layer_band
from motifnet.engine import DataError, single_threaded
from motifnet.estimators._prepare import Prepared
from motifnet.estimators._presets import Preset
from motifnet.estimators._run import Run
from motifnet.retrain import CrossTuned, cross_tune, starts_of
from motifnet.structure import Front, numpy_of, screen
from motifnet.tables import Matrix, Sample, make_folds
from motifnet.teachers import FittedKernel

MOST_ROWS = 20_000
LEAST_ROWS = 20


@dataclass(frozen=True)
class BandRows:
    """Rows without groups or time, their target in units of `mean` and `sd` with shape (q,), and how its inner layers were trained."""

    sample: Sample
    mean: Matrix
    sd: Matrix
    trained: CrossTuned | FittedKernel
    front: Front | None
    preset: Preset
    seed: int

    @classmethod
    def of(cls, ready: Prepared, run: Run, mean: Matrix, sd: Matrix) -> BandRows | None:
        """At most `MOST_ROWS` rows of a finished run, at random; None where it trained no kernel on the encoded rows."""
        trained = run.trained or run.convex
        if trained is None:
            return None
        chosen = np.zeros(run.sample.n, dtype=bool)
        chosen[np.random.default_rng([run.seed, 4]).permutation(run.sample.n)[:MOST_ROWS]] = True
        return cls(_plain(ready.sample, chosen, run.preset, run.seed), mean, sd, trained, run.screen, run.preset, run.seed)

    def bands(self, split: bool, n_jobs: int) -> tuple[Band, ...]:
        """One band a target."""
        least = LEAST_ROWS * (2 if split else 1)
        if self.sample.n < least:
            raise DataError(f"A band needs at least {least} rows{' for split=True' if split else ''}, the fit has {self.sample.n}. Add rows.")
        with single_threaded():
            trained, rows, front = self._on_halves(n_jobs) if split else (self.trained, self.sample, self.front)
            X = rows.X if front is None else numpy_of(front.motif, rows.X)
            bands = [
                in_units(last_layer_band(trained, X, y, rows.weight, self.seed), float(mean), float(sd))
                for y, mean, sd in zip(rows.y.T, self.mean, self.sd, strict=True)
            ]
            return tuple(band if front is None else replace(band, units=front.around(band.units)) for band in bands)

    def _on_halves(self, n_jobs: int) -> tuple[CrossTuned | FittedKernel, Sample, Front | None]:
        """Inner layers of one half, the other half, and the screen of a wide table by the first."""
        n = self.sample.n
        first = np.zeros(n, dtype=bool)
        first[np.random.default_rng([self.seed, 5]).permutation(n)[: n // 2]] = True
        half, other = (_plain(self.sample, rows, self.preset, self.seed) for rows in (first, ~first))
        front = screen(half, self.seed, n_jobs)
        half = half if front is None else front.behind(half)
        convex = self.preset.convex.fit(half, seed=self.seed, n_jobs=n_jobs)
        if not self.preset.inner:
            return convex, other, front
        settings = self.preset.inner[0]
        return cross_tune(half, starts_of(convex, settings.profiles), settings, seed=self.seed, number=1, n_jobs=n_jobs), other, front


def _plain(sample: Sample, chosen: np.ndarray, preset: Preset, seed: int) -> Sample:
    """Some rows, with folds of their own."""
    rows = replace(sample, views=None).rows(chosen)
    return replace(rows, folds=make_folds(rows.n, preset.n_folds(rows.n), seed))
