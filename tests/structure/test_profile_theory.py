"""Closed forms that the profile stands on: exponents, ridge theory, groups, dimensions, the algebra
of the smooth fit.
"""

from __future__ import annotations

import numpy as np
import pytest

from motifnet.engine import Matrix
from motifnet.landscape import effective_ridge
from motifnet.structure import (
    Prior,
    Smooth,
    act,
    choose_prior,
    compose,
    cyclic,
    flips,
    gamma_test,
    neighbour_distances,
    non_invariant,
    permutations,
    phase,
    pure_error,
    rows_to_halve,
    scale_sweep,
    smooth_exponent,
    two_nn,
    variogram,
)
from motifnet.structure._width import divisibility, jacobian, risk_curve, spectrum


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
        assert kappa * (1 - (values / (values + kappa)).sum() / 100) == pytest.approx(
            ridge, rel=1e-9
        )


def test_parallel_networks_peak_where_parameters_meet_rows() -> None:
    curves = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((800, 8))
        y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.3 * rng.standard_normal(800)
        curves.append(
            risk_curve(X, y, 200, np.array([1, 2, 3, 5, 6, 7, 8, 10, 15, 25, 50]), (0.0, 1.0), rng)
        )
    ratios, error = curves[0].ratios, np.median([c.held_out for c in curves], axis=0)
    free, ridge = error - 0.09  # the noise
    assert abs(ratios[free.argmax()] - 1) <= 0.2
    assert free[-1] < free[0]  # 7.5 parameters a row against 0.15
    assert free[-1] < free.max() / 10
    assert ridge[1:-1].max() <= 1.2 * ridge[0]
    gcv = np.median([c.gcv for c in curves], axis=0)[0]
    # too kind at the peak, so that held-out error is what is printed
    assert gcv[free.argmax()] < 0.7 * error[0].max()


def test_jacobian_is_that_of_the_network() -> None:
    X = np.random.default_rng(1).standard_normal((4, 3))
    rng = np.random.default_rng(0)
    W, c, a = (
        rng.standard_normal((3, 3)) / np.sqrt(3),
        rng.standard_normal(3),
        rng.standard_normal(3) / np.sqrt(3),
    )
    theta = np.concatenate([a, c, W.ravel()])

    def f(t: Matrix) -> Matrix:
        return np.asarray(np.tanh(X @ t[6:].reshape(3, 3).T + t[3:6]) @ t[:3])

    numeric = np.stack(
        [(f(theta + 1e-6 * e) - f(theta - 1e-6 * e)) / 2e-6 for e in np.eye(len(theta))], 1
    )
    np.testing.assert_allclose(jacobian(X, 1, np.random.default_rng(0))[:, 0], numeric, atol=1e-8)
    assert divisibility(jacobian(X, 1, np.random.default_rng(0))) == pytest.approx(0, abs=1e-12)


def test_ranks_of_an_identity() -> None:
    found = spectrum(np.eye(50), 50)
    assert found.rank == pytest.approx(50)
    assert found.rank2 == pytest.approx(50)
    assert found.spikes == 0


def test_closure_has_the_order_of_the_group() -> None:
    assert (
        len(permutations([[0], [1], [2], [3]], 4).elements())
        == 24
        == permutations([[0], [1], [2], [3]], 4).size
    )
    assert len(cyclic([[0], [1], [2]], 3).elements()) == 3
    assert len(flips([[0], [1, 2]], 3).elements()) == 4
    assert len(permutations([[0, 1], [2, 3], [4, 5]], 6).elements()) == 6
    g, h = permutations([[0], [1], [2]], 3).generators
    X = np.random.default_rng(0).random((5, 3))
    np.testing.assert_array_equal(act(compose(g, h), X), act(g, act(h, X)))


@pytest.mark.parametrize(
    "group",
    [
        permutations([[0], [1], [2]], 4),
        permutations([[0, 1], [2, 3]], 4),
        cyclic([[0], [1], [2], [3]], 4),
        flips([[0]], 4),
        flips([[0, 1, 3]], 4),
    ],
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


def test_dimension_does_not_see_the_ambient_one() -> None:
    rng = np.random.default_rng(0)
    Z = rng.standard_normal((1_000, 3))
    Z /= np.linalg.norm(Z, axis=1)[:, None]
    found = [
        two_nn(neighbour_distances(Z @ np.linalg.qr(rng.standard_normal((D, D)))[0][:3]))
        for D in (10, 50)
    ]
    assert found[0] == pytest.approx(found[1], abs=1e-6)
    assert [m for m, _ in scale_sweep(Z, rng)] == [1_000, 500, 250, 125]


def test_variogram_of_a_step_on_a_line_has_exponent_one() -> None:
    x = np.linspace(0, 1, 3_000)[:, None]
    assert variogram(x, (x[:, 0] > 0.5).astype(float), (0.001, 0.1)).exponent == pytest.approx(
        1, abs=0.05
    )
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
        part = Smooth.at(fit.X[kept], fit.y[kept], fit.prior, fit.prior.single_gram(A, A))
        g = part.P.sum(0)
        intercept = (part.fitted - fit.prior.single_gram(A, A).numpy() @ part.dual).mean()
        assert abs(g).max() < 1e-8
        assert fit.y[i, 0] - (fit.prior.single_gram(B, A).numpy() @ part.dual)[
            0, 0
        ] - intercept == pytest.approx(fit.left_out[i, 0], rel=1e-5)


def test_single_precision_is_far_below_the_ridge() -> None:
    import torch

    fit = small_fit()
    A = torch.as_tensor(fit.X)
    rounding = (fit.prior.single_gram(A, A) - fit.prior.gram(A, A)).abs().max()
    assert float(rounding) < 1e-3 * fit.prior.ridge


def test_gradients_are_those_of_the_fit() -> None:
    import torch

    fit = small_fit(30)
    A, step = torch.as_tensor(fit.X), 1e-5
    for j in range(2):
        shift = step * torch.eye(2, dtype=A.dtype)[j]
        numeric = (
            (fit.prior.gram(A + shift, A) - fit.prior.gram(A - shift, A))
            @ torch.as_tensor(fit.dual[:, 0])
            / (2 * step)
        ).numpy()
        np.testing.assert_allclose(fit.gradients()[:, j], numeric, atol=1e-5)


def test_F_of_one_column_is_the_square_of_its_step() -> None:
    fit = small_fit()
    t = fit.X[:, [1]]
    F, rank, p = fit.score_test((t > 0.1).astype(float))
    S = (t[:, 0] > 0.1).astype(float)
    z = S @ fit.dual[:, 0] / np.sqrt(fit.tau2[0] * (S @ fit.P @ S))
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
    p = np.array(
        [
            Smooth.at(X, L @ rng.standard_normal((60, 1)), prior, K).score_test(S)[2]
            for _ in range(400)
        ]
    )
    assert abs((p <= 0.05).mean() - 0.05) < 0.035
    assert abs(p.mean() - 0.5) < 0.05


@pytest.mark.parametrize("kind", ["growing", "heavy-tailed"])
def test_p_values_do_not_rely_on_noise_of_one_size(kind: str) -> None:
    """Columns that are large where the noise is large: F takes them for structure."""
    import torch

    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 2))
    prior = Prior(torch.ones(2, dtype=torch.float64), 1.0, 0.3, 0.3)
    K = prior.gram(torch.as_tensor(X), torch.as_tensor(X))
    size = np.exp(1.5 * X[:, :1])
    S, p = size * rng.standard_normal((80, 3)), []
    for _ in range(200):
        noise = (
            size * rng.standard_normal((80, 1))
            if kind == "growing"
            else rng.standard_t(1.5, (80, 1))
        )
        p.append(Smooth.at(X, noise, prior, K).score_test(S)[2])
    assert (np.array(p) <= 0.05).mean() <= 0.085


def test_likelihood_is_that_of_contrasts() -> None:
    fit = small_fit()
    n, q = fit.y.shape
    log_det = np.linalg.slogdet(fit.P + 1 / n)[1]
    assert fit.likelihood == pytest.approx(
        0.5 * (q * log_det - (n - 1) * np.log(fit.tau2).sum()), rel=1e-8
    )
    np.testing.assert_allclose(fit.tau2, (fit.y * (fit.P @ fit.y)).sum(0) / (n - 1), rtol=1e-8)


def test_noise_estimates_on_known_noise() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((2_000, 1))
    X, y = (
        np.repeat(x, 2, axis=0),
        np.repeat(np.sin(6 * x[:, 0]), 2) + 0.5 * rng.standard_normal(4_000),
    )
    (value, low, high), freedom = pure_error(X, y)
    assert freedom == 2_000
    assert low < 0.25 < high
    assert value == pytest.approx(0.25, rel=0.1)
    assert gamma_test(x, y[::2]) == pytest.approx(0.25, rel=0.15)
    assert np.isnan(pure_error(x, y[::2])[0][0])


@pytest.mark.parametrize("m", [0, 2])
def test_columns_of_rank_zero_contradict_nothing(m: int) -> None:
    """A group that moves equal columns, for one, leaves no function that is not invariant."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2)), rng.normal(size=(60, 1))
    fit = Smooth.fit(X, y, choose_prior(X, y))
    assert fit.score_test(np.zeros((60, m))) == (0.0, 0, 1.0)
