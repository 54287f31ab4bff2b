"""What the figures of the lab are made of: estimators at their best, random functions of known
smoothness, the quotient, the race.
"""

from __future__ import annotations

from itertools import product
from math import comb

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.kernel_ridge import KernelRidge
from sklearn.preprocessing import SplineTransformer
from torch import nn

from motifnet.lab import (
    Check,
    Estimate,
    _fig1,
    _fig2,
    _fig3,
    _fig4,
    _fig6,
    _fig7,
    _fig8,
    _gap,
    _walks,
    exponent,
    ratio,
    slope,
)
from motifnet.lab._trials import (
    KERNEL,
    NETWORK,
    RIDGES,
    Trial,
    best_linear,
    errors_of,
    field,
    gaussian,
    laplace,
    sphere,
)
from motifnet.lab.race import Point, curve_table


def test_best_linear_is_the_best_kernel_ridge() -> None:
    rng = np.random.default_rng(0)
    X, T = rng.random((40, 2)), rng.random((30, 2))
    trial = Trial(X, np.sin(5 * X[:, 0]) + 0.1 * rng.normal(size=40), T, np.sin(5 * T[:, 0]))
    grams, errors = (gaussian(0.3), laplace(1.0)), []
    for gram in grams:
        for ridge in RIDGES:
            fit = KernelRidge(alpha=ridge, kernel="precomputed").fit(
                gram(X, X), trial.y - trial.y.mean()
            )
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


def test_sphere_has_points_of_norm_one() -> None:
    X = sphere(200, 2, np.random.default_rng(0))
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1)
    assert np.linalg.matrix_rank(X) == 3


def test_splines_are_products_of_columns() -> None:
    rng = np.random.default_rng(0)
    A, B = rng.random((5, 2)), rng.random((4, 2))
    basis = SplineTransformer(6, knots=np.linspace(0, 1, 6)[:, None]).fit([[0.0], [1.0]])

    def features(X: np.ndarray) -> np.ndarray:
        return np.einsum(
            "ni,nj->nij", basis.transform(X[:, :1]), basis.transform(X[:, 1:])
        ).reshape(len(X), -1)

    products = _fig1._tensor_splines(6)
    np.testing.assert_allclose(products.of(A), features(A), atol=1e-12)
    trial = Trial(A, np.sin(5 * A[:, 0]), B, np.sin(5 * B[:, 0]))
    on_features, on_kernel = (
        best_linear(trial, [one]) for one in (products, lambda A, B: features(A) @ features(B).T)
    )
    np.testing.assert_allclose(on_features, on_kernel, atol=1e-8)


def test_phase_diagram_meets_its_table() -> None:
    assert all(check.passed for check in _fig2._table_checks())
    assert (
        _fig2._gain((2, 0.3), 2)
        == _fig2._gain((0.5, 1), 2)
        == 0
        < _fig2._gain((2, 1), 2)
        < _fig2._gain((2, 2), 2)
    )


def test_figure_2_fails_where_the_network_learns_at_the_rate_of_linear_methods() -> None:
    rng = np.random.default_rng(0)
    same = {point: np.exp(0.02 * rng.standard_normal((4, 2))) for point in _fig2.POINTS}
    checks = _fig2._checks((250, 1_000), same)
    assert (
        missed(checks, "gain is largest")
        and missed(checks, "over that in the tie")
        and missed(checks, "exponent by which")
    )
    assert missed(
        _fig2._checks((250, 1_000), {point: 0.7 * ratios for point, ratios in same.items()}),
        "in a tie, α",
    )


def test_columns_do_not_change_the_task_of_figure_3() -> None:
    few, many = _fig3._curled(1, 30, 0), _fig3._curled(9, 30, 0)
    assert few.X.shape[1] == 4 and many.X.shape[1] == 36
    np.testing.assert_array_equal(few.y, many.y)
    np.testing.assert_allclose(
        np.linalg.norm(many.X, axis=1) ** 2, 9 * np.linalg.norm(few.X, axis=1) ** 2
    )


def test_quotient_leaves_one_cell_an_orbit() -> None:
    assert _fig4._covered(3, 6) == pytest.approx(comb(8, 3) / 6**3)
    plain, sorted_ = _fig4._trials(3, 20, 0, (1, 3))
    np.testing.assert_array_equal(np.sort(plain.X, 1), sorted_.X)
    np.testing.assert_allclose(_fig4._target(plain.X), _fig4._target(sorted_.X))


def test_rows_are_worth_what_the_curve_says() -> None:
    assert _fig4._worth((100, 400), [0.2, 0.05], 0.1) == pytest.approx(200)
    assert _fig4._worth((100, 400), [0.2, 0.05], 0.01) == np.inf


def test_tables_of_the_race_come_with_the_library() -> None:
    for name, columns in (("airfoil", 5), ("energy", 8), ("diabetes", 10)):
        assert _fig7.table_of(name).shape[1] == columns + 1


def test_estimates_over_seeds() -> None:
    rng = np.random.default_rng(0)
    below = rng.uniform(1, 2, 40)
    found = ratio(3 * below * np.exp(0.1 * rng.standard_normal(40)), below)
    assert found.value == pytest.approx(3, rel=0.05) and found.error == pytest.approx(
        3 * 0.1 / 40**0.5, rel=0.3
    )
    sizes = (10, 100)
    assert exponent(sizes, [[1.0, 0.1], [1.0, 0.01]]).value == pytest.approx(1.5)
    values = rng.standard_normal(30)
    whole = Estimate.jackknife(lambda v: float(v.mean()), values)
    assert whole.error == pytest.approx(Estimate.of(values).error)


def missed(checks: list[Check] | tuple[Check, ...], part: str) -> bool:
    """Whether all comparisons of this name are missed."""
    found = [check for check in checks if part in check.what]
    assert found
    return not any(check.passed for check in found)


def test_figure_3_fails_where_columns_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A set that is not curled, in as many columns; and a method that learns no metric, on the
    curled one.
    """

    def columns() -> dict[str, np.ndarray]:
        errors = np.hstack(
            [
                _fig3._errors(_fig3._curled_trials(m, 300, range(4)), (300,), _fig3.kernel)
                for m in (1, _fig3.HARMONICS[-1])
            ]
        )
        return {KERNEL: errors, NETWORK: errors}

    checks = _fig3._column_checks(columns())
    assert checks[0].passed and missed(checks, "network / kernel ridge")
    curl = _fig3.curl
    monkeypatch.setattr(
        _fig3, "curl", lambda angles, m: np.pad(curl(angles, 1), ((0, 0), (0, 4 * m - 4)))
    )
    assert missed(_fig3._column_checks(columns()), "kernel ridge, error at D = 36")


def test_figure_3_fails_where_the_set_fills_its_columns() -> None:
    def free(d: int, n: int, seed: int) -> Trial:
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((n + 200, 10))
        f = field(1.0, 10, rng)(X / np.linalg.norm(X, axis=1, keepdims=True))
        return Trial(X[:n], f[:n] + 0.45 * rng.standard_normal(n), X[n:], f[n:])

    sizes = (60, 150, 300)
    spheres = {
        d: _fig3._errors((free(d, 300, seed) for seed in range(6)), sizes, _fig3.kernel)
        for d in _fig3.DIMENSIONS
    }
    checks = _fig3._sphere_checks(sizes, spheres)
    assert missed(checks, "exponent, d = 1") and missed(checks, "less d =")


def test_figure_4_fails_where_the_target_has_no_symmetry(monkeypatch: pytest.MonkeyPatch) -> None:
    def checks() -> list[Check]:
        errors = errors_of(_fig4.kernel, _fig4._groups(100, range(6)))
        pairs = {
            n: {q: errors_of(_fig4.kernel, _fig4._pairs(q, n, range(6))) for q in (2, 5)}
            for n in _fig4.SIZES
        }
        monkeypatch.setattr(_fig4, "POINTS", (2, 5))
        return [*_fig4._group_checks({KERNEL: errors, NETWORK: errors}), *_fig4._pair_checks(pairs)]

    assert not missed(checks(), "exponent of |G|")
    monkeypatch.setattr(_fig4, "_target", lambda X: np.sin(4 * X[:, 0]) + X[:, -1])
    broken = checks()
    assert (
        missed(broken, "exponent of |G|")
        and missed(broken, "exchanges")
        and missed(broken, "kernel ridge, plain / invariant")
    )


def test_figure_1_fails_where_nothing_jumps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The network's place is taken by trees, which beat what is linear in y at the jump only."""
    from motifnet.tables import Sample
    from motifnet.teachers import BoostedTrees

    def smooth(X: np.ndarray) -> np.ndarray:
        return np.asarray(np.sin(3 * X[:, 0]) + X[:, 1])

    monkeypatch.setattr(_fig1, "target", smooth)
    errors = {name: np.empty((3, 2)) for name in (KERNEL, _fig1.SPLINES, NETWORK)}
    for seed in range(3):
        for k, n in enumerate((250, 500)):
            trial = _fig1._trial(n, seed)
            trees = (
                BoostedTrees()
                .fit(Sample.plain(trial.X, trial.y[:, None]), seed=0)
                .predict(trial.X_test)[:, 0]
            )
            linear = (
                best_linear(trial, _fig1.KERNELS),
                best_linear(trial, map(_fig1._tensor_splines, _fig1.KNOTS)),
            )
            for name, predicted in zip(errors, (*linear, trees), strict=True):
                errors[name][seed, k] = _fig1._error(predicted)
    assert missed(_fig1._checks((250, 500), errors), "error of the network")


@pytest.mark.slow
def test_figure_6_fails_where_all_start_near_by(monkeypatch: pytest.MonkeyPatch) -> None:
    bottom = _fig6.bottom_of_rows()
    assert not missed(
        _walks.entering_checks(_walks.entering(bottom, 6, 500)), "distance 0.5 less 8"
    )
    start_points = _walks.start_points
    monkeypatch.setattr(
        _walks,
        "start_points",
        lambda bottom, count, seed: start_points(bottom, count, seed)[:1].expand(
            len(_walks.DISTANCES), -1, -1, -1
        ),
    )
    assert missed(_walks.entering_checks(_walks.entering(bottom, 6, 500)), "distance 0.5 less 8")


class Independent(nn.Module):
    """Weights on features that are as good as independent of each other: the spectrum is flat."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.waves = nn.Parameter(40 * torch.randn(_gap.INPUTS, 20 * count), requires_grad=False)
        self.weight = nn.Parameter(torch.zeros(20 * count, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cos(x @ self.waves) @ self.weight


def test_figure_6_fails_where_the_spectrum_grows_with_the_parameters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_gap, "student", Independent)
    monkeypatch.setattr(_gap, "DECAYS", (0.01, 0.02, 0.04))
    assert missed(_gap.gap_checks(_gap.gaps((1, 4), range(4), 300)), "gap against parameters")


def test_figure_6_fails_where_the_gap_is_of_the_training_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        _gap, "held_out_rows", lambda network, seed: _gap.rows(network, _gap.ROWS, seed)
    )
    assert missed(_gap.gap_checks(_gap.gaps((1, 3), range(3), 300)), "gap / 2σ²d/n")


def test_figure_8_fails_where_depth_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    same = {
        name: rng.uniform(0.1, 0.2, (4, 1)) * np.exp(0.01 * rng.standard_normal((4, 2)))
        for name in ("L = 0", "L = 1", _fig8.WEIGHTED)
    }
    checks = _fig8._checks((300, 700), {_fig8.RINGS: same, _fig8.SUM: same})
    assert not any(check.passed for check in checks)


def curves_of_figure_7(
    ours: tuple[float, float], theirs: tuple[float, float], transferred: float = 0.3
) -> pd.DataFrame:
    """Of (seconds, final error) on three tables and two splits, a little different from case to
    case.
    """
    rng = np.random.default_rng(0)
    parts = []
    for name, split in product(_fig7.TABLES, range(2)):
        stages = [(0.1, transferred, "transferred"), (*ours, "feature layers"), (*ours, "finished")]
        for method, points in (("ours, fast", stages), (_fig7.NETWORK, [(*theirs, "")])):
            parts.append(
                curve_table(
                    name,
                    split,
                    method,
                    [Point(s, e * (1 + 1e-3 * rng.normal()), stage) for s, e, stage in points],
                    False,
                )
            )
    return pd.concat(parts, ignore_index=True)


def test_figure_7_fails_where_methods_are_alike() -> None:
    checks = _fig7.checks(curves_of_figure_7((1.0, 0.2), (9.0, 0.25)), "ours, fast")
    assert all(check.passed for check in checks)
    assert [check.measured for check in checks] == pytest.approx([0.8, 1.0, 2 / 3], rel=0.01)
    assert missed(_fig7.checks(curves_of_figure_7((1.0, 0.2), (0.1, 0.2), 0.2), "ours, fast"), "")
    assert missed(_fig7.checks(curves_of_figure_7((1.0, 0.25), (0.1, 0.2), 0.25), "ours, fast"), "")


def test_figure_7_fails_where_there_is_nothing_to_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A target that has been shuffled: the whole way from the tables to the comparisons."""
    airfoil = _fig7.table_of("airfoil")
    shuffled = airfoil.assign(target=np.random.default_rng(0).permutation(airfoil.target))
    monkeypatch.setattr(_fig7, "TABLES", ("airfoil",))
    monkeypatch.setattr(_fig7, "table_of", lambda name: shuffled)
    points = _fig7.race(["ours, fast", _fig7.NETWORK], 100, 2, tries=1)
    assert missed(_fig7.checks(points, "ours, fast"), "error") and points.error.min() > 0.9
