"""Rows unlike any of the fit: levels that it has not seen, missing values where it had none, numbers beyond its range.

Chance alone brings some, so that a warning needs more. Of m new rows from the law of the n old ones, k lie beyond the largest old value with

    P(K ≥ k) ≤ Π_{i<k} (m − i) / (n + m − i)

(the k largest of all n + m are new). Levels that are new have the probability f/n, with f the number of levels seen once (Good, Biometrika 40, 1953);
its upper bound (f + 1 + 2 √(f + 1)) / n is the mean of a Poisson law here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

from motifnet.engine import warn_caller
from motifnet.shift._reference import Reference
from motifnet.shift._sketch import LevelSketch, NumberSketch
from motifnet.tables import Column, Encoder, Feature, OneHot, Table, TargetMean, codes_of

Mask = NDArray[np.bool_]
CHANCE, NEAR = 0.05, 0.001  # NEAR is divided by the number of ends of ranges: so many are looked at


@dataclass(frozen=True)
class Strangers:
    """Rows, with shape (n,), that are unlike those of the fit in one column, and how."""

    kind: str
    rows: Mask
    example: str


def warn_of_strangers(reference: Reference | None, encoder: Encoder, table: Table) -> None:
    """One warning where more rows are unlike those of the fit than chance brings; none for a model that kept no reference."""
    if reference is None:
        return
    triples = zip(reference.columns, table.columns, encoder.features, strict=True)
    found = [one for old, new, feature in triples for one in _strangers(old, new, feature, NEAR / (2 * len(table.columns)))]
    said = [_said([one for one in found if one.kind == kind], kind, table.n) for kind in dict.fromkeys(one.kind for one in found)]
    if said:
        text = f"{'; '.join(said)}. Predictions there are guesses: `check_shift`, or `motifnet check`, compares the tables."
        warn_caller(text)


def _said(found: list[Strangers], kind: str, n: int) -> str:
    rows = np.logical_or.reduce([one.rows for one in found])
    most = max(found, key=lambda one: int(one.rows.sum()))
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{int(rows.sum()):,} of {n:,} rows {kind} ({most.example}{more})"


def _strangers(old: NumberSketch | LevelSketch, new: Column, feature: Feature, near: float) -> Iterator[Strangers]:
    missing, m, n = new.gaps, len(new.values), old.rows
    if not old.gaps and _is_rare(int(missing.sum()), m, 0, n):
        yield Strangers("have a missing value where the fit had none", missing, f"column {new.name!r}")
    if isinstance(old, LevelSketch):
        assert isinstance(feature, OneHot | TargetMean)
        unseen = (codes_of(new, feature.levels) == len(feature.levels)) & ~missing
        once = int((np.rint(old.shares * n * (1 - old.gaps)) <= 1).sum())
        if _is_rare(int(unseen.sum()), m, once, n):
            yield Strangers("have a level that the fit has not seen", unseen, f"column {new.name!r}: {new.values[unseen][0]!r}")
    elif new.kind != "boolean":
        outside = _outside(old, new, near)
        if outside.any():
            yield Strangers("lie outside the range of the fit", outside, f"column {new.name!r}")


def _outside(old: NumberSketch, new: Column, near: float) -> Mask:
    """Rows beyond an end of the range: all of them where they are more than chance brings, else those that are beyond it by more than its width."""
    x, beyond = np.where(new.gaps, np.nan, new.values.astype(np.float64)), np.zeros(len(new.values), dtype=bool)
    low, high = old.range
    n, m = old.rows * (1 - old.gaps), int((~new.gaps).sum())
    with np.errstate(over="ignore"):  # a difference that no float64 holds is infinite, and so is what it is compared with
        ends = (low - x, x - high)
    for excess in ends:
        out, far = excess > 0, excess > high - low
        if _extreme(int(out.sum()), m, n) < near:
            beyond |= out
        elif far.any() and _extreme(int(far.sum()), m, n) < CHANCE:
            beyond |= far
    return beyond


def _extreme(k: int, m: int, n: float) -> float:
    """Upper bound on the probability that k or more of m rows lie beyond one end of n others."""
    i = np.arange(k)
    return float(np.exp(np.log((m - i) / (n + m - i)).sum()))


def _is_rare(k: int, m: int, once: int, n: float) -> bool:
    """Whether k or more of m rows with something new are more than chance brings, where so many things were seen once in n rows."""
    return bool(k > 0 and poisson.sf(k - 1, m * (once + 1 + 2 * np.sqrt(once + 1)) / n) < CHANCE)
