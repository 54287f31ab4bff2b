"""Closed forms that the profile stands on: exponents, ridge theory, groups, dimensions, the algebra of the smooth fit."""

from __future__ import annotations

from math import comb, factorial

import numpy as np
import pytest

from motifnet.landscape import effective_ridge, isotropic_risk, ridge_risk
from motifnet.profiling import cyclic, flips, permutations, phase, rows_to_halve, singularity_exponents, smooth_exponent
from motifnet.profiling._dimension import box_counting, levina_bickel, merged, neighbour_distances, scale_sweep, two_nn
from motifnet.profiling._group import act, compose, non_invariant
from motifnet.profiling._noise import gamma_test, pure_error
from motifnet.profiling._smooth import Prior, Smooth, choose_prior
from motifnet.profiling._spectrum import spectrum
from motifnet.profiling._surface import steps
from motifnet.profiling._variogram import variogram
from motifnet.profiling._width import divisibility, jacobian, risk_curve
from motifnet.tables import Matrix


@pytest.mark.parametrize(
    ("alpha", "beta", "D", "expected"),
    [
        (2, 2, 2, (0.667, 0.400, 0.333, 0.500)),
        (1, 1, 2, (0.500, 0.333, 0.333, 0.500)),
        (2, 2, 5, (0.333, 0.250, 0.167, 0.200)),
        (3, 3, 3, (0.600, 0.375, 0.250, 0.333)),
        (2, 0.3, 2, (0.231, 0.231, 0.231, 0.231)),
    ],
)
def test_exponents_are_those_of_the_table(alpha: float, beta: float, D: int, expected: tuple[float, ...]) -> None:
    found = singularity_exponents(alpha, beta, D)
    names = ("network", "linear_known_direction", "linear", "wavelet")
    np.testing.assert_allclose([found[name] for name in names], expected, atol=1e-3)


def test_phases_meet_where_rates_do() -> None:
    assert phase(2, 0.3, 2) == "tie"
    assert phase(2, 1.0, 2) == "function-limited"
    assert phase(2, 3.0, 2) == "boundary-limited"
    assert smooth_exponent(2, 4) == pytest.approx(0.5)
    assert rows_to_halve(2, 4) == pytest.approx(4)


def test_effective_ridge_solves_its_equation() -> None:
    values = 1 / np.arange(1, 301)
    for ridge in (1e-3, 1e-2, 1e-1):
        kappa = effective_ridge(values, 100, ridge)
        assert kappa * (1 - (values / (values + kappa)).sum() / 100) == pytest.approx(ridge, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("gamma", [0.25, 0.5, 0.8, 1.25, 2.0, 4.0, 8.0])
def test_isotropic_simulation_meets_the_closed_form(gamma: float) -> None:
    n, p, errors = 100, int(100 * gamma), []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        X, b = rng.standard_normal((n, p)), rng.standard_normal(p) / np.sqrt(p)
        fit = np.linalg.lstsq(X, X @ b + 0.5 * rng.standard_normal(n), rcond=None)[0]
        errors.append(((fit - b) ** 2).sum())
    assert np.mean(errors) == pytest.approx(isotropic_risk(gamma, 0.25, 1.0), rel=0.03 if gamma >= 2 else 0.08)


@pytest.mark.slow
@pytest.mark.parametrize("ridge", [0.0, 1e-3, 1e-2, 1e-1])
def test_decaying_spectrum_meets_the_equivalent(ridge: float) -> None:
    n, p = 100, 300
    values, errors = 1 / np.arange(1, p + 1), []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        X, b = rng.standard_normal((n, p)) * np.sqrt(values), rng.choice([-1.0, 1.0], p) / np.sqrt(p)
        y = X @ b + 0.5 * rng.standard_normal(n)
        fit = X.T @ np.linalg.solve(X @ X.T + max(n * ridge, 1e-10) * np.eye(n), y)
        errors.append((values * (fit - b) ** 2).sum())
    assert np.mean(errors) == pytest.approx(ridge_risk(values, np.full(p, p**-0.5), n, ridge, 0.25).total, rel=0.08)


def test_parallel_networks_peak_where_parameters_meet_rows() -> None:
    curves = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((800, 8))
        y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.3 * rng.standard_normal(800)
        curves.append(risk_curve(X, y, 200, np.array([1, 2, 3, 5, 6, 7, 8, 10, 15, 25, 50]), (0.0, 1.0), rng))
    ratios, error = curves[0].ratios, np.median([c.held_out for c in curves], axis=0)
    free, ridge = error
    assert abs(ratios[free.argmax()] - 1) <= 0.2
    assert free[-1] < free[0]
    assert free[-1] < free.max() / 5
    assert ridge.max() <= 1.2 * ridge[0]
    gcv = np.median([c.gcv for c in curves], axis=0)[0]
    assert gcv[free.argmax()] < 0.7 * free.max()  # too kind at the peak, so that held-out error is what is printed


def test_jacobian_is_that_of_the_network() -> None:
    X = np.random.default_rng(1).standard_normal((4, 3))
    rng = np.random.default_rng(0)
    W, c, a = rng.standard_normal((3, 3)) / np.sqrt(3), rng.standard_normal(3), rng.standard_normal(3) / np.sqrt(3)
    theta = np.concatenate([a, c, W.ravel()])

    def f(t: Matrix) -> Matrix:
        return np.asarray(np.tanh(X @ t[6:].reshape(3, 3).T + t[3:6]) @ t[:3])

    numeric = np.stack([(f(theta + 1e-6 * e) - f(theta - 1e-6 * e)) / 2e-6 for e in np.eye(len(theta))], 1)
    np.testing.assert_allclose(jacobian(X, 1, np.random.default_rng(0))[:, 0], numeric, atol=1e-8)
    assert divisibility(jacobian(X, 1, np.random.default_rng(0))) == pytest.approx(0, abs=1e-12)


def test_ranks_of_an_identity() -> None:
    found = spectrum(np.eye(50), 50)
    assert found.rank == pytest.approx(50)
    assert found.rank2 == pytest.approx(50)
    assert found.spikes == 0


def test_closure_has_the_order_of_the_group() -> None:
    assert len(permutations([[0], [1], [2], [3]], 4).elements()) == 24 == permutations([[0], [1], [2], [3]], 4).size
    assert len(cyclic([[0], [1], [2]], 3).elements()) == 3
    assert len(flips([[0], [1, 2]], 3).elements()) == 4
    assert len(permutations([[0, 1], [2, 3], [4, 5]], 6).elements()) == 6
    g, h = permutations([[0], [1], [2]], 3).generators
    X = np.random.default_rng(0).random((5, 3))
    np.testing.assert_array_equal(act(compose(g, h), X), act(g, act(h, X)))


@pytest.mark.parametrize(
    "group",
    [permutations([[0], [1], [2]], 4), permutations([[0, 1], [2, 3]], 4), cyclic([[0], [1], [2], [3]], 4), flips([[0]], 4), flips([[0, 1, 3]], 4)],
    ids=lambda g: f"{g.kind}-{len(g.blocks)}x{len(g.blocks[0])}",
)
def test_quotient_and_average_are_invariant_and_idempotent(group) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    X = np.random.default_rng(0).standard_normal((40, 4))

    def f(Z: Matrix) -> Matrix:
        return np.asarray(np.sin(Z @ np.array([1.0, -2.0, 0.5, 3.0])) + Z[:, 0] * Z[:, 1])

    def averaged(Z: Matrix) -> Matrix:
        return group.average(f, Z)

    for element in group.elements():
        np.testing.assert_allclose(group.quotient(act(element, X)), group.quotient(X), atol=1e-12)
        np.testing.assert_allclose(averaged(act(element, X)), averaged(X), atol=1e-10)
    np.testing.assert_allclose(group.average(averaged, X), averaged(X), atol=1e-10)
    np.testing.assert_allclose(group.quotient(group.quotient(X)), group.quotient(X))
    rest = non_invariant(group, X)
    total = sum(non_invariant(group, act(element, X)) for element in group.elements())
    assert rest.shape[1] > 0
    np.testing.assert_allclose(total, 0, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize(("d", "D"), [(2, 10), (2, 50), (4, 50), (8, 50)])
def test_dimension_of_spheres(d: int, D: int) -> None:
    rng = np.random.default_rng(0)
    Z = rng.standard_normal((3_000, d + 1))
    X = Z / np.linalg.norm(Z, axis=1)[:, None] @ np.linalg.qr(rng.standard_normal((D, D)))[0][: d + 1]
    distances = neighbour_distances(X)
    assert two_nn(distances) == pytest.approx(d, rel=0.1)
    assert levina_bickel(distances) == pytest.approx(d, rel=0.1)


def test_dimension_does_not_see_the_ambient_one() -> None:
    rng = np.random.default_rng(0)
    Z = rng.standard_normal((1_000, 3))
    Z /= np.linalg.norm(Z, axis=1)[:, None]
    found = [two_nn(neighbour_distances(Z @ np.linalg.qr(rng.standard_normal((D, D)))[0][:3])) for D in (10, 50)]
    assert found[0] == pytest.approx(found[1], abs=1e-6)
    assert [m for m, _ in scale_sweep(Z, rng)] == [1_000, 500, 250, 125]


def test_quotient_covers_one_part_in_the_order_of_the_group() -> None:
    previous = np.inf
    for K in (10, 20, 40):
        grid = np.stack(np.meshgrid(*[(np.arange(K) + 0.5) / K] * 3), -1).reshape(-1, 3)
        ratio = 6 * len(np.unique(permutations([[0], [1], [2]], 3).quotient(grid), axis=0)) / K**3
        assert ratio == pytest.approx(6 * comb(K + 2, 3) / K**3)
        assert 1 < ratio < previous
        previous = ratio


@pytest.mark.slow
def test_sorting_is_worth_up_to_the_order_of_the_group() -> None:
    from sklearn.kernel_ridge import KernelRidge

    for n in (50, 100, 200):
        ratios = []
        for q in (2, 3, 4):
            errors = np.zeros(2)
            for seed in range(12):
                rng = np.random.default_rng(seed)
                X, T = rng.random((n, q)), rng.random((1_000, q))
                y, truth = (np.sin(4 * Z).sum(1) + 2 * Z.prod(1) + Z.max(1) for Z in (X, T))
                y = y + 0.1 * rng.standard_normal(n)
                for i, (A, B) in enumerate([(X, T), (np.sort(X, 1), np.sort(T, 1))]):
                    fits = (
                        KernelRidge(alpha=a, kernel="rbf", gamma=g).fit(A, y - y.mean()) for a in np.logspace(-5, 0, 8) for g in (0.1, 0.3, 1, 3, 10)
                    )
                    errors[i] += min(np.mean((fit.predict(B) + y.mean() - truth) ** 2) for fit in fits)
            ratios.append(errors[0] / errors[1])
            order = factorial(q)
            assert order**0.25 <= ratios[-1] <= 1.3 * order
        assert ratios == sorted(ratios)


@pytest.mark.slow
def test_neighbours_learn_at_the_rate_of_the_intrinsic_dimension() -> None:
    from sklearn.neighbors import KNeighborsRegressor

    def slope(d: int, D: int) -> float:
        sizes, errors = np.array([250, 500, 1_000, 2_000, 4_000]), np.zeros(5)
        for seed in range(3):
            rng = np.random.default_rng(seed)
            basis = np.linalg.qr(rng.standard_normal((D, D)))[0][: d + 1]
            Z = rng.standard_normal((6_000, d + 1))
            Z /= np.linalg.norm(Z, axis=1)[:, None]
            w = rng.standard_normal((2, d + 1))
            w /= np.linalg.norm(w, axis=1)[:, None]
            f = np.sin(2 * Z @ w[0]) + np.cos(3 * Z @ w[1])
            X, y = Z @ basis, f + 0.1 * rng.standard_normal(6_000)
            for i, n in enumerate(sizes):
                fits = (KNeighborsRegressor(k).fit(X[:n], y[:n]) for k in (1, 2, 3, 4, 6, 8, 12, 16))
                errors[i] += min(np.mean((fit.predict(X[4_000:]) - f[4_000:]) ** 2) for fit in fits)
        return float(np.polyfit(np.log(sizes), np.log(errors), 1)[0])

    slopes = {(d, D): slope(d, D) for d in (2, 5) for D in (10, 50)}
    assert all(abs(slopes[d, 10] - slopes[d, 50]) <= 0.1 for d in (2, 5))
    assert slopes[2, 10] <= slopes[5, 10] - 0.25


def fractal(shifts: Matrix, ratio: float, n: int, rng: np.random.Generator, depth: int = 24) -> Matrix:
    """Points of the fractal of the maps x → ratio x + shift."""
    digits = rng.integers(0, len(shifts), (n, depth))
    return np.asarray(np.einsum("nkd,k->nd", shifts[digits], ratio ** np.arange(depth)))


def test_dimension_of_fractals() -> None:
    rng = np.random.default_rng(0)
    carpet = fractal(np.array([[i, j] for i in range(3) for j in range(3) if (i, j) != (1, 1)]) / 3, 1 / 3, 20_000, rng)
    exact = np.log(8) / np.log(3)
    assert box_counting(carpet, 3.0) == pytest.approx(exact, abs=0.05)
    distances = neighbour_distances(merged(carpet))
    assert two_nn(distances) == pytest.approx(exact, abs=0.06)
    assert levina_bickel(distances) == pytest.approx(exact, abs=0.06)
    turns = np.exp(1j * np.pi / 3 * np.array([0, 1, -1, 0])) / 3
    koch = np.zeros(20_000, dtype=complex)
    for _ in range(24):
        k = rng.integers(0, 4, len(koch))
        koch = turns[k] * koch + np.array([0, 1 / 3, 1 / 3 + turns[1], 2 / 3])[k]
    curve = np.column_stack([koch.real, koch.imag])
    assert box_counting(curve) == pytest.approx(np.log(4) / np.log(3), abs=0.05)
    assert two_nn(neighbour_distances(merged(curve))) == pytest.approx(np.log(4) / np.log(3), abs=0.05)
    cantor = fractal(np.array([[0.0], [2.0]]) / 3, 1 / 3, 20_000, rng)
    assert box_counting(cantor, 3.0) == pytest.approx(np.log(2) / np.log(3), abs=0.08)


def jumping(kind: str, seed: int, n: int = 3_000) -> tuple[Matrix, Matrix]:
    rng = np.random.default_rng(seed)
    X = rng.random((n, 2))
    h = 0.5 + 0.2 * np.sin(2 * np.pi * X[:, 0])
    f = {
        "jump": (X[:, 1] > h) + 0.3 * X[:, 1] * np.cos(3 * X[:, 0]),
        "smooth": np.sin(3 * X[:, 0]) + X[:, 1] ** 2,
        "kink": 2 * np.abs(X[:, 1] - h),
    }
    return X, f[kind] + 0.2 * rng.standard_normal(n)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["jump", "smooth", "kink"])
def test_variogram_exponent_tells_a_jump(kind: str, seed: int) -> None:
    found = variogram(*jumping(kind, seed), (0.005, 0.15))
    assert (found.exponent < 1.45) == (kind == "jump")
    assert np.sqrt(found.noise_variance) == pytest.approx(0.2, rel=0.1)


def test_variogram_of_a_step_on_a_line_has_exponent_one() -> None:
    x = np.linspace(0, 1, 3_000)[:, None]
    assert variogram(x, (x[:, 0] > 0.5).astype(float), (0.001, 0.1)).exponent == pytest.approx(1, abs=0.05)
    assert variogram(x, x[:, 0], (0.001, 0.1)).exponent == pytest.approx(2, abs=0.05)


def test_variogram_of_rows_that_mostly_coincide() -> None:
    x = np.maximum(np.random.default_rng(0).standard_normal((500, 1)) - 1, 0)
    assert np.isfinite(variogram(x, x[:, 0]).exponent)


def small_fit(n: int = 80) -> Smooth:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, 2))
    y = (np.sin(2 * X[:, 0]) + 0.2 * rng.standard_normal(n))[:, None]
    return Smooth.fit(X, y, choose_prior(X, y))


def test_left_out_residuals_are_those_of_fits_without_the_row() -> None:
    import torch

    fit = small_fit(40)
    for i in (0, 7, 39):
        kept = np.arange(40) != i
        A, B = torch.as_tensor(fit.X[kept]), torch.as_tensor(fit.X[[i]])
        part = Smooth.at(fit.X[kept], fit.y[kept], fit.prior, fit.prior.gram(A, A))
        g = part.P.sum(0)
        intercept = (part.fitted - fit.prior.gram(A, A).numpy() @ part.dual).mean()
        assert abs(g).max() < 1e-8
        assert fit.y[i, 0] - (fit.prior.gram(B, A).numpy() @ part.dual)[0, 0] - intercept == pytest.approx(fit.left_out[i, 0], rel=1e-6)


def test_gradients_are_those_of_the_fit() -> None:
    import torch

    fit = small_fit(30)
    A, step = torch.as_tensor(fit.X), 1e-5
    for j in range(2):
        shift = step * torch.eye(2, dtype=A.dtype)[j]
        numeric = ((fit.prior.gram(A + shift, A) - fit.prior.gram(A - shift, A)) @ torch.as_tensor(fit.dual[:, 0]) / (2 * step)).numpy()
        np.testing.assert_allclose(fit.gradients()[:, j], numeric, atol=1e-5)


def test_f_test_of_one_column_is_the_square_of_its_step() -> None:
    fit = small_fit()
    t = fit.X[:, [1]]
    F, rank, p = fit.f_test((t > 0.1).astype(float))
    z = steps(fit, t, np.array([0.1]), ramp=False).z[0]
    n = len(fit.X)
    assert rank == 1
    assert 0 < p < 1
    assert pytest.approx(z**2 / (1 - z**2 / (n - 1)) * (n - 2) / (n - 1), rel=1e-6) == F


def test_p_values_of_the_smooth_model_are_uniform() -> None:
    import torch

    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 2))
    prior = Prior(torch.ones(2, dtype=torch.float64), 1.0, 0.3, 0.3)
    K = prior.gram(torch.as_tensor(X), torch.as_tensor(X))
    L = np.linalg.cholesky(K.numpy() + 0.3 * np.eye(60))
    S = rng.standard_normal((60, 3))
    p = np.array([Smooth.at(X, L @ rng.standard_normal((60, 1)), prior, K).f_test(S)[2] for _ in range(400)])
    assert abs((p <= 0.05).mean() - 0.05) < 0.035
    assert abs(p.mean() - 0.5) < 0.05


def test_noise_estimates_on_known_noise() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((2_000, 1))
    X, y = np.repeat(x, 2, axis=0), np.repeat(np.sin(6 * x[:, 0]), 2) + 0.5 * rng.standard_normal(4_000)
    (value, low, high), freedom = pure_error(X, y)
    assert freedom == 2_000
    assert low < 0.25 < high
    assert value == pytest.approx(0.25, rel=0.1)
    assert gamma_test(x, y[::2]) == pytest.approx(0.25, rel=0.15)
    assert np.isnan(pure_error(x, y[::2])[0][0])
