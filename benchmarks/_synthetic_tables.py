"""Generators of synthetic tables whose faults are known.

fresh        other rows of the same table: no fault
copula       a Gaussian copula: columns as they are, their dependence by rank correlations
independent  every column permuted by itself
bootstrap    real rows with noise of 10 % of a standard deviation: the law is nearly right, and every
             row is a near copy, as of a generative network that was trained too long
copies       fresh rows, a fifth of them replaced by real rows with noise of 1 %
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm

COPIED, JITTER, BOOTSTRAP = 0.2, 0.01, 0.1


def independent(real: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """As many rows, every column permuted."""
    return pd.DataFrame({name: rng.permutation(real[name].to_numpy()) for name in real})


def copula(real: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """As many rows. Levels have the order of their names, missing values come last; ties have random ranks."""
    n = len(real)
    ordered = {name: np.sort(_codes(real[name]), kind="stable") for name in real}
    scores = np.column_stack([_scores(_codes(real[name]), rng) for name in real])
    drawn = rng.multivariate_normal(np.zeros(real.shape[1]), np.corrcoef(scores.T), n)
    ranks = np.minimum((norm.cdf(drawn) * n).astype(int), n - 1)
    columns = {}
    for j, name in enumerate(real):
        codes = ordered[name][ranks[:, j]]
        levels = np.append(np.sort(real[name].dropna().unique()), None)
        columns[name] = pd.Series(levels[codes], name=name).infer_objects()
    return pd.DataFrame(columns)


def jittered(real: pd.DataFrame, share: float, rng: np.random.Generator) -> pd.DataFrame:
    """Numbers with normal noise of a share of their standard deviation; levels stay."""
    out = real.copy()
    for name in real.select_dtypes("number"):
        out[name] = real[name] + share * real[name].std() * rng.standard_normal(len(real))
    return out


def bootstrap(real: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Real rows drawn with replacement, with noise."""
    return jittered(real.iloc[rng.integers(0, len(real), len(real))], BOOTSTRAP, rng)


def with_copies(
    fresh: pd.DataFrame, real: pd.DataFrame, rng: np.random.Generator, share: float = COPIED
) -> pd.DataFrame:
    """Fresh rows, the last ones replaced by real rows with little noise."""
    count = round(share * len(fresh))
    drawn = real.iloc[rng.choice(len(real), count, replace=False)]
    return pd.concat([fresh.iloc[: len(fresh) - count], jittered(drawn, JITTER, rng)])


def _codes(column: pd.Series) -> np.ndarray:
    """The number of each value among the sorted ones; missing values have the last number."""
    values = np.sort(column.dropna().unique())
    codes = pd.Index(values).get_indexer(column)
    return np.where(codes < 0, len(values), codes)


def _scores(codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    ranks = np.empty(len(codes))
    ranks[np.lexsort((rng.random(len(codes)), codes))] = np.arange(len(codes))
    return norm.ppf((ranks + 0.5) / len(codes))
