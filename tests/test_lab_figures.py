"""What the figures of the lab are made of: estimators at their best, random functions of known smoothness, the quotient, the race."""

from __future__ import annotations

from math import comb

import numpy as np
import pandas as pd
import pytest
from sklearn.kernel_ridge import KernelRidge
from sklearn.preprocessing import SplineTransformer

from motifnet.lab import _fig1, _fig2, _fig3, _fig4, _fig7
from motifnet.lab._fields import field, sphere
from motifnet.lab._oracle import RIDGES, Trial, best_linear, gaussian, laplace, slope


def test_best_linear_is_the_best_kernel_ridge() -> None:
    rng = np.random.default_rng(0)
    X, T = rng.random((40, 2)), rng.random((30, 2))
    trial = Trial(X, np.sin(5 * X[:, 0]) + 0.1 * rng.normal(size=40), T, np.sin(5 * T[:, 0]))
    grams, errors = (gaussian(0.3), laplace(1.0)), []
    for gram in grams:
        for ridge in RIDGES:
            fit = KernelRidge(alpha=ridge, kernel="precomputed").fit(gram(X, X), trial.y - trial.y.mean())
            errors.append(trial.error(fit.predict(gram(T, X)) + trial.y.mean()))
    assert trial.error(best_linear(trial, grams)) == pytest.approx(min(errors), rel=1e-6)


def test_slope_is_the_exponent() -> None:
    assert slope((10, 20, 80), [3 * n**-0.4 for n in (10, 20, 80)]) == pytest.approx(0.4)


@pytest.mark.parametrize("beta", [0.3, 0.6])
def test_field_has_its_smoothness(beta: float) -> None:
    lags = np.geomspace(0.01, 0.1, 6)
    squares, variance = np.zeros(len(lags)), 0.0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        f, x = field(beta, 1, rng), rng.uniform(0, 10, (500, 1))
        variance += f(x).var() / 20
        squares += [np.mean((f(x + h) - f(x)) ** 2) for h in lags]
    assert variance == pytest.approx(1, abs=0.1)
    assert np.polyfit(np.log(lags), np.log(squares), 1)[0] == pytest.approx(2 * beta, abs=0.15)


def test_sphere_lies_in_its_subspace() -> None:
    X = sphere(200, 2, np.random.default_rng(0), 10)
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1)
    assert np.linalg.matrix_rank(X) == 3


def test_splines_are_products_of_columns() -> None:
    rng = np.random.default_rng(0)
    A, B = rng.random((5, 2)), rng.random((4, 2))
    basis = SplineTransformer(6, knots=np.linspace(0, 1, 6)[:, None]).fit([[0.0], [1.0]])

    def features(X: np.ndarray) -> np.ndarray:
        return np.einsum("ni,nj->nij", basis.transform(X[:, :1]), basis.transform(X[:, 1:])).reshape(len(X), -1)

    np.testing.assert_allclose(_fig1._tensor_splines(6)(A, B), features(A) @ features(B).T, atol=1e-12)


def test_phase_diagram_meets_its_table() -> None:
    assert all(check.passed for check in _fig2._table_checks())
    assert _fig2._gain((2, 0.3), 2) == _fig2._gain((0.5, 1), 2) == 0 < _fig2._gain((2, 1), 2) < _fig2._gain((2, 2), 2)


def test_columns_do_not_change_the_task_of_figure_3() -> None:
    few, many = _fig3._trial(2, 10, 30, 0), _fig3._trial(2, 50, 30, 0)
    np.testing.assert_array_equal(few.y, many.y)
    np.testing.assert_allclose(few.X @ few.X.T, many.X @ many.X.T, atol=1e-12)


def test_quotient_leaves_one_cell_an_orbit() -> None:
    assert _fig4._covered(3, 6) == pytest.approx(comb(8, 3) / 6**3)
    plain, sorted_ = _fig4._trials(3, 20, 0)
    np.testing.assert_array_equal(np.sort(plain.X, 1), sorted_.X)
    np.testing.assert_allclose(_fig4._target(plain.X), _fig4._target(sorted_.X))


def test_rows_are_worth_what_the_curve_says() -> None:
    assert _fig4._worth((100, 400), [0.2, 0.05], 0.1) == pytest.approx(200)
    assert _fig4._worth((100, 400), [0.2, 0.05], 0.01) == np.inf


def race(*points: tuple[str, float, float]) -> _fig7._Race:
    """Ours with its marks, and a network that needs 5 s."""
    curves = pd.DataFrame({"method": "RealMLP", "seconds": [1.0, 5.0], "nrmse": [0.7, 0.505]})
    ours = pd.DataFrame({"method": "ours", "seconds": [s for _, s, _ in points], "nrmse": [e for _, _, e in points]})
    return _fig7._Race(list(points), pd.concat([ours, curves]))


def test_race_knows_who_is_first() -> None:
    races = {"table": race((_fig7.CONVEX, 1.0, 0.6), (_fig7.TRANSFERRED, 2.0, 0.6), (_fig7.RETRAINED, 3.0, 0.5))}
    checks = _fig7._checks(races)
    assert checks[0].measured == 1 and checks[1].measured == pytest.approx(0.5 / 0.6)
    assert "target 0.510 is reached by ours after 3.0 s, RealMLP after 5.0 s" in _fig7._sentences(races)[0]


def test_tables_of_the_race_come_with_the_library() -> None:
    for name, columns in (("airfoil", 5), ("energy", 8), ("diabetes", 10)):
        data = _fig7._split(name, 100)
        assert len(data.train) == 100 and len(data.columns) == columns
