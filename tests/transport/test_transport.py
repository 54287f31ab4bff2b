"""Transport: closed forms, identities between critics, the level and the power of the test, what it
refuses, and the interval.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import wasserstein_distance as line_distance
from scipy.stats import wasserstein_distance_nd

from motifnet.engine import DataError, Matrix, UsageError
from motifnet.transport import (
    Critic,
    Lines,
    critical_value,
    supremum,
    transport_cost,
    wasserstein_distance,
    wasserstein_interval,
    wasserstein_test,
)

CRITICS: tuple[Critic, ...] = ("exact", "sliced", "network")
# python-optimal-transport 0.9.7, emd2, at the points below
POT = {
    (40, 40, 3): 1.6889119093700273,
    (30, 45, 2): 1.0453426096065166,
    (50, 20, 1): 0.390713913780157,
    (25, 25, 10): 3.982662558366081,
}


def points(n: int, d: int, frequency: float) -> Matrix:
    return np.sin(frequency * np.arange(1, n * d + 1, dtype=float)).reshape(n, d)


def normal(n: int, d: int, seed: int, shift: float = 0.0) -> Matrix:
    return np.random.default_rng([17, seed]).standard_normal((n, d)) + shift


# distances


@pytest.mark.parametrize("sizes", POT, ids=str)
def test_the_exact_distance_is_that_of_pot(sizes: tuple[int, int, int]) -> None:
    n, m, d = sizes
    assert wasserstein_distance(points(n, d, 1.0), points(m, d, 2.5) * 1.5 + 0.3) == pytest.approx(
        POT[sizes], abs=1e-9
    )


@pytest.mark.parametrize(("n", "m", "d"), [(12, 12, 2), (9, 14, 3)])
def test_assignment_and_programme_are_scipys(n: int, m: int, d: int) -> None:
    X, Z = normal(n, d, 0), normal(m, d, 1, 0.3)
    assert wasserstein_distance(X, Z) == pytest.approx(wasserstein_distance_nd(X, Z), abs=1e-9)


@pytest.mark.parametrize(("n", "m"), [(30, 30), (17, 40)])
def test_one_column_in_closed_form(n: int, m: int) -> None:
    x, z = normal(n, 1, 2)[:, 0], normal(m, 1, 3, 1.0)[:, 0]
    expected = line_distance(x, z)
    assert wasserstein_distance(x, z) == pytest.approx(expected, abs=1e-12)
    assert wasserstein_distance(x, z, critic="sliced") == pytest.approx(expected, abs=1e-12)
    D = np.abs(x[:, None] - z)
    assert transport_cost(D, np.full(n, 1 / n), np.full(m, 1 / m)) == pytest.approx(
        expected, abs=1e-9
    )


@pytest.mark.parametrize("critic", CRITICS)
@pytest.mark.parametrize("d", [1, 4])
def test_a_metric_below_the_exact_one(critic: Critic, d: int) -> None:
    X, Z = normal(20, d, 4), normal(20, d, 5, 0.5)
    found = wasserstein_distance(X, Z, critic=critic)
    assert 0 < found <= wasserstein_distance(X, Z) + 1e-12
    assert wasserstein_distance(Z, X, critic=critic) == pytest.approx(found, rel=1e-12)
    assert wasserstein_distance(3 * X, 3 * Z, critic=critic) == pytest.approx(3 * found, rel=1e-12)
    assert wasserstein_distance(X, X[::-1], critic=critic) == pytest.approx(0, abs=1e-12)


def test_of_a_translation_it_is_the_length() -> None:
    X, step = normal(25, 3, 6), np.array([1.0, 2.0, 2.0])
    assert wasserstein_distance(X, X + step) == pytest.approx(3, abs=1e-12)


def test_the_network_is_the_best_of_its_class() -> None:
    """Of every threshold, and of random networks of path norm 1."""
    rng, x, z = np.random.default_rng(0), normal(15, 1, 7)[:, 0], normal(22, 1, 8, 0.7)[:, 0]
    found = wasserstein_distance(x, z, critic="network")
    b = np.linspace(-4, 4, 4001)

    def mean(sign: int, v: Matrix) -> Matrix:
        return np.maximum(sign * v[:, None] - b, 0).mean(0)

    units = np.abs([mean(s, x) - mean(s, z) for s in (1, -1)])
    assert units.max() <= found + 1e-12
    assert units.max() == pytest.approx(found, abs=2e-3)
    a = rng.standard_normal((50, 2 * len(b)))
    a /= np.abs(a).sum(1, keepdims=True)
    networks = a @ np.concatenate([mean(s, x) - mean(s, z) for s in (1, -1)])
    assert np.abs(networks).max() <= found


def test_signed_masses_are_a_transport_between_their_parts() -> None:
    """The multiplier process over all Lipschitz functions, by another way."""
    rng = np.random.default_rng(1)
    x, c = rng.standard_normal(12), rng.standard_normal(12)
    c -= c.mean()
    to, fro = c > 0, c < 0
    expected = transport_cost(np.abs(x[to][:, None] - x[fro]), c[to], -c[fro])
    assert Lines.of(x[:, None], np.ones((1, 1))).lipschitz(c[None])[0, 0] == pytest.approx(
        expected, abs=1e-9
    )
    plane = np.column_stack([x, np.zeros(12)])
    assert supremum("exact", plane, rng)(c[None])[0] == pytest.approx(expected, abs=1e-9)


# the test


@pytest.mark.parametrize("critic", CRITICS)
@pytest.mark.parametrize("calibration", ["permutation", "multiplier"])
def test_the_same_seed_gives_the_same_result(critic: Critic, calibration: Any) -> None:
    X, Z = normal(14, 2, 9), normal(14, 2, 10, 0.4)
    before = np.random.get_state()[1].copy()  # type: ignore[index]
    first, second, other = (
        wasserstein_test(
            X, Z, critic=critic, calibration=calibration, n_resamples=19, random_state=s
        )
        for s in (3, 3, 4)
    )
    assert (np.random.get_state()[1] == before).all()  # type: ignore[index]
    assert (
        first.pvalue == second.pvalue
        and (first.null_distribution == second.null_distribution).all()
    )
    assert (first.null_distribution != other.null_distribution).any()


def test_p_value_and_critical_value_agree() -> None:
    for seed in range(20):
        found = wasserstein_test(
            normal(20, 1, seed), normal(30, 1, 100 + seed, 0.4), alpha=0.1, n_resamples=59
        )
        assert (found.pvalue <= 0.1) == (found.distance > found.critical_value)
        assert found.pvalue == (1 + (found.null_distribution >= found.distance).sum()) / 60
    assert critical_value(np.arange(18.0), 0.05) == np.inf
    assert critical_value(np.arange(19.0), 0.05) == 18


def test_units_do_not_matter_unless_asked() -> None:
    X, Z = normal(30, 2, 11), normal(30, 2, 12)
    Z[:, 0] += 1
    unit = np.array([1e-6, 1e200])
    plain, scaled = (
        wasserstein_test(A * u, Z * u if A is X else Z, n_resamples=19)
        for A, u in ((X, np.ones(2)), (X, unit))
    )
    assert (
        scaled.distance == pytest.approx(plain.distance, rel=1e-9) and scaled.pvalue == plain.pvalue
    )
    assert wasserstein_test(X, Z, n_resamples=19, standardize=False).distance == pytest.approx(
        wasserstein_distance(X, Z)
    )


def test_the_exact_critic_takes_equally_many_rows_and_not_more_than_asked() -> None:
    X, Z = normal(400, 2, 13), normal(60, 2, 14, 1.0)
    assert wasserstein_test(X, Z, n_resamples=19, max_points=40).pvalue == 0.05


def rejections(d: int, shift: float, repetitions: int, **options: Any) -> float:
    """Share of p-values up to 5 %, n = m = 50, B = 99."""
    tests = (
        wasserstein_test(
            normal(50, d, 2 * r),
            normal(50, d, 2 * r + 1, shift),
            n_resamples=99,
            random_state=r,
            **options,
        )
        for r in range(repetitions)
    )
    return float(np.mean([test.pvalue <= 0.05 for test in tests]))


def test_level_and_power_of_permutation() -> None:
    assert 0.01 <= rejections(2, 0.0, 100, critic="sliced") <= 0.1
    assert rejections(2, 0.75, 40) > 0.8


@pytest.mark.slow
@pytest.mark.parametrize("critic", CRITICS)
@pytest.mark.parametrize("d", [2, 10])
def test_level_of_permutation(critic: Critic, d: int) -> None:
    assert 0.02 <= rejections(d, 0.0, 300, critic=critic) <= 0.08


@pytest.mark.slow
def test_power_of_permutation() -> None:
    assert rejections(2, 0.75, 300) > 0.8


def test_level_of_the_multiplier_on_a_line() -> None:
    assert 0.02 <= rejections(1, 0.0, 300, calibration="multiplier") <= 0.09


@pytest.mark.slow
def test_level_of_the_multiplier_in_the_plane() -> None:
    assert 0.02 <= rejections(2, 0.0, 300, calibration="multiplier") <= 0.09


@pytest.mark.slow
@pytest.mark.parametrize("critic", ["sliced", "network"])
def test_level_of_the_multiplier_for_small_classes(critic: Critic) -> None:
    """In ten columns, where the law of the exact critic would reject nearly always."""
    assert rejections(10, 0.0, 300, critic=critic, calibration="multiplier") <= 0.09


# the interval


def test_the_interval_holds_the_distance_of_the_laws() -> None:
    found = [
        wasserstein_interval(
            normal(100, 1, 2 * r), normal(80, 1, 2 * r + 1, 0.5), n_resamples=99, random_state=r
        )
        for r in range(200)
    ]
    assert np.mean([f.low <= 0.5 <= f.high for f in found]) >= 0.93
    assert all(0 <= f.low <= f.distance <= f.high for f in found)


@pytest.mark.parametrize("critic", ["sliced", "network"])
def test_the_interval_of_equal_laws_begins_at_zero(critic: Critic) -> None:
    found = [
        wasserstein_interval(
            normal(80, 6, 2 * r),
            normal(80, 6, 2 * r + 1),
            critic=critic,
            n_resamples=59,
            random_state=r,
        )
        for r in range(40)
    ]
    assert np.mean([f.low == 0 for f in found]) >= 0.86  # 2.4 standard errors below 95 %
    assert wasserstein_interval(normal(80, 6, 0), normal(80, 6, 1, 1.0), critic=critic).low > 0


def test_the_interval_in_the_plane() -> None:
    found = wasserstein_interval(normal(25, 2, 0), normal(25, 2, 1, 2.0), n_resamples=39)
    assert 0 < found.low < 8**0.5 < found.high


# what is refused


@pytest.mark.parametrize(
    ("X", "Z", "options", "error", "words"),
    [
        (np.zeros((5, 2)), np.zeros((5, 3)), {}, DataError, "same columns"),
        (np.zeros((1, 2)), np.zeros((5, 2)), {}, DataError, "two rows"),
        (np.full((5, 2), np.nan), np.zeros((5, 2)), {}, DataError, "finite"),
        ([["a"], ["b"]], [[1], [2]], {}, DataError, "numbers"),
        (
            np.zeros((5, 3)),
            np.zeros((5, 3)),
            {"calibration": "multiplier"},
            UsageError,
            "not valid for 3 columns",
        ),
        (np.zeros((5, 2)), np.zeros((5, 2)), {"critic": "deep"}, UsageError, "critic"),
        (np.zeros((5, 2)), np.zeros((5, 2)), {"calibration": "none"}, UsageError, "calibration"),
        (np.zeros((5, 2)), np.zeros((5, 2)), {"alpha": 5}, UsageError, "alpha"),
        (np.zeros((5, 2)), np.zeros((5, 2)), {"n_resamples": 0}, UsageError, "n_resamples"),
        (np.zeros((5, 2)), np.zeros((5, 2)), {"max_points": 1}, UsageError, "max_points"),
    ],
    ids=[
        "columns",
        "rows",
        "NaN",
        "texts",
        "multiplier",
        "critic",
        "calibration",
        "alpha",
        "resamples",
        "points",
    ],
)
def test_what_cannot_be_tested(
    X: Any, Z: Any, options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        wasserstein_test(X, Z, **options)


def test_no_interval_for_the_exact_distance_of_three_columns() -> None:
    with pytest.raises(UsageError, match="network"):
        wasserstein_interval(np.zeros((5, 3)), np.zeros((5, 3)))
    with pytest.raises(UsageError, match="level"):
        wasserstein_interval(np.zeros((5, 1)), np.zeros((5, 1)), level=95)


def test_two_equal_points_are_no_difference() -> None:
    found = wasserstein_test(np.zeros((5, 2)), np.zeros((5, 2)), n_resamples=19)
    assert found.distance == 0 and found.pvalue == 1
