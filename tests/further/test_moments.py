"""Conditional moments: closed forms of the linear case, of the density ratio and of kernel IV."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import chi2

from motifnet.engine import Matrix
from motifnet.moments import ConditionalMomentRegressor, DensityRatio, KernelIV, SieveTSLS

TABLES = Path(__file__).parents[3] / "shared" / "data" / "moments"
EXOGENOUS = ["exper", "expersq", "black", "south", "smsa", "smsa66"]


def linear_design(n: int = 300, valid: bool = True, seed: int = 0) -> tuple[Matrix, Matrix, Matrix]:
    """An endogenous and an exogenous column, and two excluded instruments; the second enters y
    where they are not valid.
    """
    rng = np.random.default_rng(seed)
    Z, e = rng.normal(size=(n, 2)), rng.normal(size=n)
    exogenous = rng.normal(size=n)
    x = Z @ [1.0, 0.8] + exogenous + e + rng.normal(size=n)
    y = 1 + 2 * x - exogenous + e * (1 + 0.5 * np.abs(Z[:, 0])) + (0.0 if valid else 0.8) * Z[:, 1]
    return np.column_stack([x, exogenous]), y, np.column_stack([Z, exogenous])


def two_stage(X: Matrix, y: Matrix, Z: Matrix) -> tuple[Matrix, Matrix]:
    """Coefficients of 2SLS, the constant first, and their covariance by White."""
    A, B = (np.column_stack([np.ones(len(y)), part]) for part in (X, Z))
    fitted = B @ np.linalg.solve(B.T @ B, B.T @ A)
    inverse = np.linalg.inv(fitted.T @ fitted)
    theta = inverse @ fitted.T @ y
    scores = fitted * (y - A @ theta)[:, None]
    return theta, inverse @ (scores.T @ scores) @ inverse


@pytest.mark.parametrize("estimator", [ConditionalMomentRegressor, SieveTSLS])
def test_the_linear_case_is_two_stage_least_squares(estimator: Any) -> None:
    X, y, Z = linear_design()
    model = estimator(model="linear").fit(X, y, Z)
    theta, covariance = two_stage(X, y, Z)
    np.testing.assert_allclose(model.coefficients_, theta, rtol=0, atol=1e-10)
    np.testing.assert_allclose(model.covariance_, covariance, rtol=1e-8)
    P = np.column_stack([np.ones(len(y)), X])
    half = 1.6448536269514722 * np.sqrt(((P @ covariance) * P).sum(1))
    np.testing.assert_allclose(model.predict_band(X, 0.9).T, (P @ theta - half, P @ theta + half))


def test_columns_of_any_scale_give_the_same_linear_case() -> None:
    X, y, Z = linear_design()
    model = SieveTSLS("linear").fit(X * [1e4, 1e-4], y, Z * [1e-3, 1e3, 1e-4] + [0, 0, 5])
    np.testing.assert_allclose(model.coefficients_[1:] * [1e4, 1e-4], two_stage(X, y, Z)[0][1:])


def test_the_linear_test_is_that_of_hansen() -> None:
    X, y, Z = linear_design()
    found = SieveTSLS("linear").fit(X, y, Z).overidentification_test()
    A, B = (np.column_stack([np.ones(len(y)), part]) for part in (X, Z))
    residuals = y - A @ two_stage(X, y, Z)[0]
    N = np.linalg.svd(B.T @ A)[0][:, 3:]  # combinations of moments that no coefficient changes
    t = (B @ N) * residuals[:, None]
    J = float(t.sum() ** 2 / (t**2).sum())
    assert found.restrictions == 1
    assert found.statistic == pytest.approx(J, rel=1e-6)
    assert found.p_value == pytest.approx(chi2(1).sf(J), abs=0.06)


def table(name: str) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame]:
    """X, y and Z of a table of economics."""
    path = TABLES / f"{name}.csv.gz"
    if not path.exists():
        pytest.skip("the tables are not part of the repository")
    frame = pd.read_csv(path)
    if name == "ajr":
        frame = frame[frame.baseco == 1]
        return frame[["avexpr"]], frame.logpgp95, frame[["logem4"]]
    columns = EXOGENOUS + [f"reg66{i}" for i in range(2, 10)]
    return frame[["educ", *columns]], frame.lwage, frame[["nearc2", "nearc4", *columns]]


@pytest.mark.filterwarnings("ignore::motifnet.engine.MotifnetWarning")  # card is weak
@pytest.mark.parametrize(("name", "effect"), [("card", 0.1570594), ("ajr", 0.9442794)])
def test_tables_of_economics_have_the_published_effect(name: str, effect: float) -> None:
    X, y, Z = table(name)
    model = SieveTSLS("linear").fit(X, y, Z)
    assert model.coefficients_[1] == pytest.approx(effect, abs=1e-7)
    theta = two_stage(X.to_numpy(float), y.to_numpy(float), Z.to_numpy(float))[0]
    np.testing.assert_allclose(model.coefficients_, theta, rtol=0, atol=1e-8)
    assert model.identification_.weak == (name == "card")


@pytest.mark.filterwarnings("ignore::motifnet.engine.MotifnetWarning")  # card is weak
@pytest.mark.parametrize("name", ["card", "ajr"])
def test_the_linear_case_is_that_of_linearmodels(name: str) -> None:
    iv = pytest.importorskip("linearmodels.iv")
    X, y, Z = table(name)
    model = SieveTSLS("linear").fit(X, y, Z)
    exogenous = X[[column for column in X if column in Z]].assign(constant=1.0)
    excluded = Z[[column for column in Z if column not in X]]
    theirs = iv.IV2SLS(y, exogenous, X.iloc[:, :1], excluded).fit(cov_type="robust")
    names = ["constant", *X.columns]
    np.testing.assert_allclose(model.coefficients_, theirs.params[names], rtol=0, atol=1e-8)
    errors = np.sqrt(np.diag(model.covariance_))
    np.testing.assert_allclose(errors, theirs.std_errors[names], rtol=1e-6)


def normal_pair(rho: float, n: int = 1_500) -> tuple[Matrix, Matrix]:
    rng = np.random.default_rng(0)
    z, noise = rng.normal(size=(2, n, 1))
    return rho * z + np.sqrt(1 - rho**2) * noise, z


def test_the_ratio_of_normal_pairs_has_their_correlation() -> None:
    W, Z = normal_pair(0.7)
    ratio = DensityRatio(50).fit(W, Z)
    assert ratio.singular_values_[0] == pytest.approx(0.7, abs=0.06)  # the maximal correlation
    at = np.linspace(-1.5, 1.5, 7)[:, None]
    true = np.exp((2 * 0.7 * at * at.T - 0.49 * (at**2 + at.T**2)) / (2 * 0.51)) / np.sqrt(0.51)
    raw = ratio(np.concatenate([at, W]), at)[:, : len(at)]  # weights over the rows and the points
    assert np.abs(raw - true).mean() < 0.2
    assert np.abs(1 - true).mean() > 0.6
    np.testing.assert_allclose(ratio.conditional_mean(W, W, at), 0.7 * at, atol=0.1)


def test_weights_are_not_negative_and_have_mean_one() -> None:
    W, Z = normal_pair(0.9)
    ratio = DensityRatio(50).fit(W, Z)
    weights = ratio(W, Z[:100])
    assert weights.min() >= 0
    np.testing.assert_allclose(weights.mean(1), 1)
    instruments = ratio.instruments(Z)
    first = instruments[:, :4]
    np.testing.assert_allclose(first.T @ first / len(Z), np.eye(4), atol=0.1)


def test_independent_pairs_have_ratio_one() -> None:
    W, Z = normal_pair(0.0)
    ratio = DensityRatio(50).fit(W, Z)
    assert ratio.objective_ == pytest.approx(-0.5, abs=0.01)
    assert np.abs(ratio(W, Z[:50]) - 1).mean() < 0.1


def test_kernel_iv_is_the_formula_of_the_paper() -> None:
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(60, 1))
    x = Z[:, 0] + rng.normal(size=60)
    y = x + rng.normal(size=60)
    X = x[:, None]
    model = KernelIV().fit(X, y, Z)
    order = np.random.default_rng(0).permutation(60)
    a, b = order[:30], order[30:]

    def gram(A: Matrix, B: Matrix, rows: Matrix) -> Matrix:
        return np.asarray(np.exp(-((A - B.T) ** 2) / (2 * np.median(pdist(rows)) ** 2)))

    K, L = gram(X[a], X[a], X), gram(Z[a], Z[a], Z)
    gamma = np.linalg.solve(L + 30 * model.first_ridge_ * np.eye(30), gram(Z[a], Z[b], Z))
    B = K @ gamma
    system = B @ B.T + 30 * model.second_ridge_ * K
    alpha = np.linalg.lstsq(system, B @ (y[b] - y[b].mean()), rcond=1e-14)[0]
    expected = gram(X, X[a], X) @ alpha + y[b].mean()
    np.testing.assert_allclose(model.predict(X), expected, atol=2e-3)
