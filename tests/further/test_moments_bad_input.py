"""Conditional moments: bad input, one line a case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from motifnet.engine import DataError, MotifnetError, UsageError
from motifnet.moments import ConditionalMomentRegressor, DensityRatio, KernelIV, SieveTSLS

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(40, 2))
X = Z[:, :1] + RNG.normal(size=(40, 1))
Y = X[:, 0] + RNG.normal(size=40)


def put(values: Any, value: float) -> Any:
    changed = np.array(values)
    changed.flat[3] = value
    return changed


DATA: dict[str, tuple[tuple[Any, ...], type[MotifnetError], str]] = {
    "no instruments": ((X, Y), UsageError, "Z is missing"),
    "Z constant": ((X, Y, np.ones((40, 2))), DataError, "Z is constant.*vary"),
    "X constant": ((np.ones((40, 1)), Y, Z), DataError, "X is constant"),
    "y constant": ((X, np.ones(40), Z), DataError, "y is 1 in every row"),
    "NaN in X": ((put(X, np.nan), Y, Z), DataError, "X has NaN or infinite.*1 rows.*row 3"),
    "NaN in Z": ((X, Y, put(Z, np.nan)), DataError, "Z has NaN.*row 1"),
    "infinite y": ((X, put(Y, np.inf), Z), DataError, "y has NaN or infinite"),
    "too few rows": ((X[:9], Y[:9], Z[:9]), DataError, "9 rows, expected at least 10"),
    "other lengths": ((X, Y[:-1], Z), DataError, "40 rows, y 39 and Z 40"),
    "X a vector": ((X[:, 0], Y, Z), DataError, r"shape \(40,\).*X.reshape"),
    "Z a vector": ((X, Y, Z[:, 0]), DataError, r"Z.reshape\(-1, 1\)"),
    "y a table": ((X, Z, Z), DataError, r"y has shape \(40, 2\)"),
    "strings": (([["a"]] * 40, Y, Z), DataError, "X.*not numbers"),
    "no rows": ((X[:0], Y[:0], Z[:0]), DataError, "at least one row"),
    "no excluded instrument": (
        (np.column_stack([X, Z]), Y, Z),
        DataError,
        "Z has 0 excluded instruments for 1 endogenous",
    ),
}
SETTINGS: dict[str, tuple[Callable[[], Any], type[MotifnetError], str]] = {
    "moment": (lambda: fit(moment="mean"), UsageError, "moment='mean' must be one of"),
    "moment a number": (lambda: fit(moment=3), UsageError, "moment=3 must be"),
    "moment of a wrong shape": (
        lambda: fit(moment=lambda y, f: 0.0),
        DataError,
        r"moment returned shape \(\)",
    ),
    "moment not finite": (
        lambda: fit(moment=lambda y, f: np.full(len(y), np.nan)),
        DataError,
        "40 values that are not finite",
    ),
    "level": (lambda: fit(moment="quantile", level=1.0), UsageError, "level=1.0"),
    "model": (lambda: fit(model="forest"), UsageError, "model='forest' must be one of"),
    "model a number": (lambda: fit(model=1), UsageError, "model of type int"),
    "ratio": (lambda: fit(ratio="kliep"), UsageError, "ratio='kliep' must be"),
    "n_centers": (lambda: fit(n_centers=1), UsageError, "n_centers=1"),
    "size": (lambda: fit(size=1), UsageError, "size=1"),
    "order": (lambda: fit(order=0), UsageError, "order=0"),
    "random_state": (lambda: fit(random_state="a"), UsageError, "random_state='a'"),
    "more terms than rows": (
        lambda: SieveTSLS(size=30, order=2).fit(
            np.column_stack([X, Z]), Y, RNG.normal(size=(40, 3))
        ),
        DataError,
        "terms for 40 rows. Lower `size`",
    ),
    "linear: more columns than rows": (
        lambda: SieveTSLS("linear").fit(
            RNG.normal(size=(12, 14)), Y[:12], RNG.normal(size=(12, 15))
        ),
        DataError,
        "15 coefficients for 12 rows",
    ),
    "linear: fewer instruments than columns": (
        lambda: SieveTSLS("linear").fit(np.column_stack([X, Z[:, 1] ** 2]), Y, Z[:, :1]),
        DataError,
        "1 excluded instruments for 2 endogenous",
    ),
    "sieve model": (lambda: SieveTSLS("network").fit(X, Y, Z), UsageError, "model='network'"),
    "other columns": (lambda: fit().predict(Z), DataError, "X has 2 columns, but the fit had 1"),
    "other instruments": (lambda: fit().moment_residual(X), DataError, "Z has 1 columns"),
    "band level": (lambda: fit().predict_band(X, 90), UsageError, "level=90"),
    "resamples": (lambda: fit().overidentification_test(0), UsageError, "n_resamples=0"),
    "ratio of other rows": (lambda: DensityRatio().fit(X, Z[:5]), DataError, "40 rows and Z 5"),
}


def fit(**settings: Any) -> ConditionalMomentRegressor:
    return ConditionalMomentRegressor(**settings).fit(X, Y, Z)


@pytest.mark.parametrize("estimator", [ConditionalMomentRegressor, SieveTSLS, KernelIV])
@pytest.mark.parametrize("case", DATA)
def test_bad_data_is_refused(case: str, estimator: Any) -> None:
    arguments, kind, pattern = DATA[case]
    if estimator is KernelIV and case == "no excluded instrument":
        pytest.skip("kernel IV takes no part in columns by name")
    with pytest.raises(kind, match=pattern):
        estimator().fit(*arguments)


@pytest.mark.filterwarnings("ignore::motifnet.engine.MotifnetWarning")
@pytest.mark.parametrize("case", SETTINGS)
def test_bad_settings_are_refused(case: str) -> None:
    action, kind, pattern = SETTINGS[case]
    with pytest.raises(kind, match=pattern):
        action()


def test_the_least_number_of_rows_is_fitted() -> None:
    model = SieveTSLS("linear").fit(Z[:10, :1] + 0.1 * X[:10], Y[:10], Z[:10])
    assert np.isfinite(model.predict_band(X)).all()
