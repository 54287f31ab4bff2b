"""Privacy: are synthetic rows copies of real ones, more often than held-out rows are by chance?

With d₁ ≤ d₂ the distances of a row to its nearest and second nearest distinct row of the reference,

    relative distance   ρ = d₁ / d₂     (1 where d₂ = 0)

A copy with little noise has a small ρ. For a row that was drawn anew, d₂ is the radius of a ball in
which the nearest row lies uniformly, where the density varies little:

    P(ρ ≤ t) = t^D                      for rows of D dimensions

whatever the density is. So ρ finds a copied outlier as well as a copied usual row.

The test compares ρ of the m synthetic rows with ρ of k held-out rows in strata of similar d₂: a
generator that draws too many usual rows, which are near many real ones, is compared with usual
rows. If synthetic rows have the law of real ones and do not depend on the reference, all m + k rows
are exchangeable, in each stratum too. With S(t) the number of synthetic rows with ρ ≤ t, and in
stratum b C_b(t) of N_b rows with ρ ≤ t, and m_b synthetic ones,

    T = max over t of  (S(t) − Σ_b C_b m_b / N_b) / sd,      t up to the median of ρ,
    sd² = Σ_b C_b (N_b − C_b) m_b k_b / (N_b² (N_b − 1)) + 1

with the hypergeometric variance; the 1 is there so that single rows of the extreme tail do not
decide. T is compared with its values for random assignments within strata: p has its level for any
distances, ties included. Near copies are the rows at or below the t with the largest excess, of
those that at most 5 % of held-out rows reach, or of all where only larger ones have an excess
beyond chance. Exact copies are counted in all columns, as they stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix
from motifnet.further.synthetic._fidelity import LEVEL
from motifnet.further.synthetic._inputs import Inputs, row_hashes
from motifnet.further.synthetic._points import Space
from motifnet.tables import Table

_MAX_CHANCE = 0.05  # share of held-out rows that are as near to a reference row as a near copy
_RESAMPLES, _STRATA, _STRATUM_ROWS = 999, 5, 40


@dataclass(frozen=True)
class Privacy:
    """Copies of real rows, in the `privacy` of a `SyntheticReport`.

    Attributes
    ----------
    exact : float
        Share of synthetic rows that are exact copies of a reference row.
    exact_by_chance : float
        That of held-out rows.
    near : float
        Share of synthetic rows that are near copies of a reference row.
    near_by_chance : float
        That of held-out rows.
    pvalue : float
        Of more copies than chance brings.
    threshold : float
        The relative distance ρ of near copies.
    relative, relative_by_chance : arrays
        ρ of synthetic and of held-out rows, ascending.
    near_copies : tuple of int
        Positions of the synthetic rows that are near copies of a real row, of those that were
        looked at.
    looked_at : int
        Number of rows that were looked at.
    split : bool
        Whether reference and hold-out are parts of the real table.

    Examples
    --------
    >>> import numpy as np
    >>> from motifnet.synthetic import check_synthetic
    >>> rng = np.random.default_rng(0)
    >>> real, drawn = rng.normal(size=(90, 2)), rng.normal(size=(90, 2))
    >>> check_synthetic(real, real).privacy.exact  # a copy of the table
    0.6...
    """

    exact: float
    exact_by_chance: float
    near: float
    near_by_chance: float
    pvalue: float
    threshold: float
    relative: Matrix
    relative_by_chance: Matrix
    near_copies: tuple[int, ...]
    looked_at: int
    split: bool

    @property
    def copied(self) -> bool:
        """Whether copies are more frequent than chance brings."""
        return self.pvalue <= LEVEL

    @property
    def sentence(self) -> str:
        """The result and the next step."""
        shares = (
            f"{self.near:.1%} of the synthetic rows are near copies of a real row and "
            f"{self.exact:.1%} are exact copies; of held-out real rows {self.near_by_chance:.1%} "
            f"and {self.exact_by_chance:.1%} are (p = {self.pvalue:.2g})"
        )
        if self.copied:
            return (
                f"Privacy: {shares}. Do not share this table. Train the generator with fewer "
                "epochs or with noise (differential privacy), or drop the near copies in the list; "
                "then check again with rows that the generator has not seen as holdout."
            )
        if self.exact > self.exact_by_chance == 0:
            return f"Privacy: {shares}. Drop the exact copies before you share the table."
        return (
            f"Privacy: {shares}: no more than chance brings. That is no proof of privacy: other "
            "attacks exist."
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "pvalue": self.pvalue,
            "exact": self.exact,
            "exact_by_chance": self.exact_by_chance,
            "near": self.near,
            "near_by_chance": self.near_by_chance,
            "threshold": self.threshold,
            "near_copies": list(self.near_copies),
            "looked_at": self.looked_at,
            "holdout": "a third of the real rows" if self.split else "given",
        }


def find_copies(inputs: Inputs, max_rows: int, seed: int) -> Privacy:
    """The counts and the test, for at most `max_rows` random rows of the synthetic table and of the
    hold-out; the reference is always whole.
    """
    rng = np.random.default_rng([seed, 3])
    chosen, others = (
        np.sort(rng.permutation(table.n)[:max_rows]) for table in (inputs.synthetic, inputs.holdout)
    )
    synthetic, holdout = inputs.synthetic.take(chosen), inputs.holdout.take(others)
    near, far = relative_distances(inputs.reference, synthetic)
    chance, chance_far = relative_distances(inputs.reference, holdout)
    pvalue, threshold = copy_test(near, chance, np.concatenate([far, chance_far]), rng)
    to_all = relative_distances(inputs.real, synthetic)[0] if inputs.split else near
    known = row_hashes(inputs.reference)
    exact, by_chance = (
        float(np.isin(row_hashes(t), known).mean()) for t in (inputs.synthetic, inputs.holdout)
    )
    return Privacy(
        exact,
        by_chance,
        float((near <= threshold).mean()),
        float((chance <= threshold).mean()),
        pvalue,
        threshold,
        np.sort(near),
        np.sort(chance),
        tuple(chosen[to_all <= threshold].tolist()),
        len(chosen),
        inputs.split,
    )


def relative_distances(reference: Table, table: Table) -> tuple[Matrix, Matrix]:
    """ρ and d₂ of the rows of a table, each with shape (n,)."""
    from sklearn.neighbors import NearestNeighbors

    space = Space.of(reference)
    known, points = np.unique(space.points(reference), axis=0), space.points(table)
    if len(known) < 2:
        return np.ones(len(points)), np.zeros(len(points))
    found = NearestNeighbors(n_neighbors=2).fit(known).kneighbors(points, return_distance=False)
    # anew: those of the search are off by 1e-8, which is much for a copy
    first, second = (np.linalg.norm(points - known[found[:, j]], axis=1) for j in (0, 1))
    return np.asarray(np.minimum(first / second, 1.0)), second  # of distinct rows one is positive


def copy_test(
    synthetic: Matrix, holdout: Matrix, far: Matrix, rng: np.random.Generator
) -> tuple[float, float]:
    """The p-value of T for ρ with shape (m,) and (k,) and d₂ with shape (m + k,), and the threshold
    of near copies.
    """
    pooled = np.concatenate([synthetic, holdout])
    order = np.argsort(pooled, kind="stable")
    labels, strata = order < len(synthetic), _strata(far)[order]
    last = np.append(np.flatnonzero(np.diff(pooled[order]) > 0), len(order) - 1)  # of runs of ties
    ends = last[: max(1, int(np.searchsorted(last, len(order) // 2, "right")))]
    expected, variance = _expected(labels, strata, ends)

    def excess(labels: NDArray[np.bool_]) -> Matrix:
        return np.asarray((np.cumsum(labels)[ends] - expected) / np.sqrt(variance + 1.0))

    found = excess(labels)
    rows = [np.flatnonzero(strata == b) for b in np.unique(strata)]
    draws = np.empty(_RESAMPLES)
    for i in range(_RESAMPLES):
        drawn = np.empty_like(labels)
        for stratum in rows:
            drawn[stratum] = rng.permutation(labels[stratum])
        draws[i] = excess(drawn).max()
    pvalue = (1 + int((draws >= found.max() - 1e-12).sum())) / (_RESAMPLES + 1)
    rare = np.cumsum(~labels)[ends] <= _MAX_CHANCE * len(holdout)
    rare[0] = True  # many ties at the smallest value
    critical = np.quantile(draws, 1 - LEVEL)
    if found.max() >= critical > found[rare].max():
        rare[:] = True
    return pvalue, float(pooled[order][ends][np.argmax(np.where(rare, found, -np.inf))])


def _strata(far: Matrix) -> NDArray[np.int64]:
    """Numbers of strata of similar d₂ with some tens of rows each."""
    count = max(1, min(_STRATA, len(far) // _STRATUM_ROWS))
    return np.searchsorted(np.quantile(far, np.arange(1, count) / count), far, "right")


def _expected(
    labels: NDArray[np.bool_], strata: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[Matrix, Matrix]:
    """Mean and variance of S at each of the thresholds."""
    mean, variance = np.zeros(len(ends)), np.zeros(len(ends))
    for b in np.unique(strata):
        inside = strata == b
        total, m, counts = inside.sum(), labels[inside].sum(), np.cumsum(inside)[ends]
        mean += counts * m / total
        variance += counts * (total - counts) * m * (total - m) / (total**2 * max(total - 1, 1))
    return mean, variance
