"""Properties that hold for every table: a few examples of each in the fast suite, 200 in the slow
one.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import betabinom
from sklearn.base import clone

from motifnet import MotifClassifier, MotifRegressor, load
from motifnet.engine import Control
from motifnet.kernels import Capacity, Kernel, fit_with_held_out, solve_ridge
from motifnet.losses import Objective
from motifnet.model import run
from motifnet.pipeline import PRESETS, prepare
from motifnet.structure import part_of
from motifnet.tables import Sample, as_table
from motifnet.training import gradient_map
from motifnet.uncertainty import Intervals

pytestmark = pytest.mark.usefixtures("short_fits")

Matrix = NDArray[Any]
FEW, MANY = 3, 200
SEEDS = st.integers(0, 2**32 - 1)


def examples(check: Callable[..., None]) -> Callable[[int], None]:
    """The property as a test of few examples, and as a slow one of many; the same examples every
    time.
    """

    @pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
    def test(count: int) -> None:
        quiet = [HealthCheck.too_slow, HealthCheck.data_too_large]
        settings(
            max_examples=count,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=quiet,
        )(check)()

    test.__doc__ = check.__doc__
    return test


def rows(seed: int, least: int = 20, most: int = 60) -> tuple[Matrix, Matrix]:
    """A table of 1 to 3 columns, some of them rounded, and a target with noise."""
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(least, most + 1)), int(rng.integers(1, 4))
    X = rng.normal(size=(n, d)) * 10.0 ** rng.integers(-3, 4, d)
    coarse = rng.random(d) < 0.3
    X[:, coarse] = np.round(X[:, coarse] / X[:, coarse].std(0), 1)
    z = (X - X.mean(0)) / X.std(0)
    return X, np.sin(2 * z[:, 0]) + z[:, -1] ** 2 + 0.2 * rng.normal(size=n)


def fast(**beside: Any) -> MotifRegressor:
    return MotifRegressor(preset="fast", n_jobs=1, **beside)


def kernel_route(X: Matrix, y: Matrix, at: Matrix) -> Matrix:
    """Encoding, closed-form fit, transfer into a network, network: predictions at other rows."""
    ready = prepare(
        X,
        y,
        None,
        None,
        None,
        task="regression",
        objective=Objective(),
        preset=PRESETS["fast"],
        seed=0,
    )
    fitted = PRESETS["fast"].convex.fit(ready.sample, seed=0, n_jobs=1, control=Control())
    network = ready.goal.network(ready.goal.score([part_of("kernel ridge", fitted)]))
    return run(network, ready.encoder.transform(as_table(at, schema=ready.schema)), 1)[:, 0]


@cache
def fitted() -> tuple[MotifRegressor, Matrix]:
    X, y = rows(7, 60)
    return fast().fit(X, y), X


@cache
def quantiles() -> MotifRegressor:
    return fast(objective="pinball", quantiles=(0.1, 0.5, 0.9)).fit(*rows(8, 60))


@examples
@given(SEEDS)
def test_p1_order_of_rows(seed: int) -> None:
    """The order of the rows changes no bit; the order of the columns, nothing in an isotropic
    kernel fit.
    """
    X, y = rows(seed)
    rng = np.random.default_rng(seed)
    order, columns = rng.permutation(len(X)), rng.permutation(X.shape[1])
    assert np.array_equal(fast().fit(X, y).predict(X), fast().fit(X[order], y[order]).predict(X))
    z = (X - X.mean(0)) / X.std(0)
    one, other = (
        PRESETS["fast"].convex.fit(Sample.plain(Z, y), seed=0) for Z in (z, z[:, columns])
    )
    np.testing.assert_allclose(one.predict(z), other.predict(z[:, columns]), atol=1e-8)


@examples
@given(SEEDS, st.floats(-6, 6), st.floats(-1e3, 1e3))
def test_p2_unit_of_the_target(seed: int, power: float, shift: float) -> None:
    """y ↦ a y + b gives a f + b."""
    X, y = rows(seed)
    a = 10.0**power
    b = shift * a
    np.testing.assert_allclose(
        (kernel_route(X, a * y + b, X) - b) / a, kernel_route(X, y, X), rtol=0, atol=1e-8
    )


@examples
@given(SEEDS)
def test_p3_units_of_the_columns(seed: int) -> None:
    """An affine map of each column changes nothing."""
    X, y = rows(seed)
    rng = np.random.default_rng(seed)
    a, b = 10.0 ** rng.uniform(-6, 6, X.shape[1]), rng.normal(size=X.shape[1])
    moved = (X / X.std(0) + b) * a
    np.testing.assert_allclose(
        kernel_route(moved, y, moved), kernel_route(X, y, X), rtol=0, atol=1e-8
    )


@examples
@given(SEEDS)
def test_p4_weights_are_repetitions(seed: int) -> None:
    """Weight 2 is the row twice in every solve at given settings, exactly or by landmarks; weight 0
    is no row for the whole fit.
    """
    X, y = rows(seed)
    weight = np.random.default_rng(seed).integers(0, 4, len(X))
    again, used = np.repeat(np.arange(len(X)), weight), np.flatnonzero(weight)
    kernel = Kernel(("laplace1", "gaussian"), np.array([0.6, 0.4]), np.array([0.5, 0.3]))
    A, t = torch.as_tensor((X - X.mean(0)) / X.std(0)), torch.as_tensor(y[:, None])

    def solved(chosen: np.ndarray, w: np.ndarray, capacity: Capacity) -> np.ndarray:
        codes = torch.as_tensor(np.unique(chosen, return_inverse=True)[1])
        s = fit_with_held_out(
            kernel.gram,
            A[chosen],
            t[chosen],
            torch.as_tensor(w, dtype=A.dtype),
            None,
            [0.1],
            capacity=capacity,
            codes=codes,
        )
        return (kernel.gram(A, A[chosen][s.centres]) @ s.dual + s.intercept).numpy()

    for capacity in (Capacity(len(again), 0), Capacity(0, len(used))):
        weighted, repeated = (
            solved(used, weight[used], capacity),
            solved(again, np.ones(len(again)), capacity),
        )
        np.testing.assert_allclose(weighted, repeated, rtol=0, atol=1e-6 * y.std())
    np.testing.assert_array_equal(
        fast().fit(X, y, sample_weight=weight).predict(X),
        fast().fit(X[used], y[used], sample_weight=weight[used]).predict(X),
    )


@examples
@given(SEEDS, st.integers(1, 60))
def test_p5_prediction_touches_nothing(seed: int, size: int) -> None:
    """Rows are predicted one by one; input, model and random state stay as they are."""
    model, X = fitted()
    rng = np.random.default_rng(seed)
    new, chosen = X + rng.normal(size=X.shape), rng.integers(0, len(X), size)
    before, state, weights = (
        new.copy(),
        np.random.get_state()[1].copy(),  # type: ignore[index]
        pickle.dumps(model.model_.network.state_dict()),
    )
    whole = model.predict(new)
    np.testing.assert_allclose(model.predict(new[chosen]), whole[chosen], rtol=1e-12, atol=1e-12)
    assert np.array_equal(new, before) and np.array_equal(np.random.get_state()[1], state)  # type: ignore[index]
    assert pickle.dumps(model.model_.network.state_dict()) == weights


@examples
@given(SEEDS, st.floats(-8, 3), st.floats(0.01, 3))
def test_p6_more_ridge(seed: int, power: float, step: float) -> None:
    """A larger ridge gives a larger training error and a smaller norm."""
    X, y = rows(seed)
    A, t = torch.as_tensor((X - X.mean(0)) / X.std(0)), torch.as_tensor(y[:, None])
    K = Kernel(("laplace1",), np.array([1.0]), np.array([0.5])).gram(A, A)
    found = []
    for lam in (10.0**power, 10.0 ** (power + step)):
        alpha, b = solve_ridge(K, t, torch.full((len(A),), lam, dtype=torch.float64))
        found.append((float(((K @ alpha + b - t) ** 2).sum()), float((alpha * (K @ alpha)).sum())))
    (error, norm), (larger_error, smaller_norm) = found
    assert larger_error >= error - 1e-9 * float((t**2).sum())
    assert smaller_norm <= norm * (1 + 1e-9)


@pytest.mark.filterwarnings("ignore:.*outside the range")
@examples
@given(SEEDS)
def test_p7_matrices_and_bands(seed: int) -> None:
    """Gram matrices and outer products of gradients are symmetric and positive; intervals are
    nested; quantiles do not cross.
    """
    X, y = rows(seed)
    A = torch.as_tensor((X - X.mean(0)) / X.std(0))
    kernel = Kernel(
        ("laplace1", "gaussian", "matern52"), np.array([0.4, 0.3, 0.3]), np.array([0.5, 0.3, 0.4])
    )
    columns, t = torch.arange(X.shape[1]), torch.as_tensor(y[:, None])
    root = gradient_map(
        A, t, torch.ones(len(A), dtype=torch.float64), kernel, 0.1, columns, 1.0
    ) + torch.eye(len(columns))
    for M in (kernel.gram(A, A), root):
        assert torch.allclose(M, M.T, atol=1e-10)
        assert float(torch.linalg.eigvalsh(M).min()) >= -1e-10 * float(
            torch.linalg.eigvalsh(M).max()
        )
    model, at = (
        fitted()[0],
        fitted()[1] + np.random.default_rng(seed).normal(size=fitted()[1].shape),
    )
    ends = model.predict_interval(at, [0.3, 0.6, 0.9])
    assert (
        (np.diff(ends[:, :, 0], axis=1) <= 0).all()
        and (np.diff(ends[:, :, 1], axis=1) >= 0).all()
        and (ends[..., 0] <= ends[..., 1]).all()
    )
    levels = quantiles()
    assert (
        np.diff(
            levels.predict(
                np.random.default_rng(seed).normal(size=(50, levels.n_features_in_)) * 10
            ),
            axis=1,
        )
        >= 0
    ).all()


@examples
@given(SEEDS, st.integers(19, 60), st.floats(0.5, 0.89))
def test_p8_coverage(seed: int, m: int, coverage: float) -> None:
    """The number of covered rows lies within the beta-binomial law's 99.9 % (for all examples
    together).
    """
    rng, fresh = np.random.default_rng(seed), 500
    known = Intervals(None, rng.standard_cauchy((m, 1)), np.ones(m), 1.0)
    low, high = known.bounds(np.zeros((1, 1)), None, np.array([coverage]))[0, 0, 0]
    new = rng.standard_cauchy(fresh)
    left = int(np.floor((m + 1) * (1 - coverage) / 2 + 1e-9))
    law = betabinom(fresh, m + 1 - 2 * left, 2 * left)
    tail = 0.0005 / MANY
    assert law.ppf(tail) <= ((new >= low) & (new <= high)).sum() <= law.isf(tail)


@examples
@given(
    SEEDS,
    st.sampled_from(["fast", "balanced", "best"]),
    st.one_of(st.none(), st.floats(1, 1e6)),
    st.integers(0, 2**31),
)
def test_p9_round_trips(seed: int, preset: str, limit: float | None, random_state: int) -> None:
    """Parameters survive clone, set_params and repr; predictions survive pickle and file."""
    model, X = fitted()
    X = X + np.random.default_rng(seed).normal(size=X.shape)
    asked = MotifRegressor(preset=preset, time_limit_s=limit, random_state=random_state)
    assert (
        clone(asked).get_params()
        == asked.get_params()
        == MotifRegressor().set_params(**asked.get_params()).get_params()
    )
    assert eval(repr(asked), {"MotifRegressor": MotifRegressor}).get_params() == asked.get_params()
    with TemporaryDirectory() as folder:
        model.save(Path(folder) / "m")
        again = load(Path(folder) / "m")
    assert np.array_equal(again.predict(X), model.predict(X))
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


def containers(X: Matrix) -> dict[str, Any]:
    """The same rows of small whole numbers, as every kind of table that names its columns x0, x1,
    …, or has no names.
    """
    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])])
    with TemporaryDirectory() as folder:
        memory = np.memmap(Path(folder) / "m", dtype=np.float64, mode="w+", shape=X.shape)
        memory[:] = X
    plain = {
        "list": X.tolist(),
        "memmap": memory,
        "columns first": np.asfortranarray(X),
        "float32": X.astype(np.float32),
        "int8": X.astype(np.int8),
    }
    nullable = {
        "numpy": frame,
        "nullable": frame.convert_dtypes(),
        "pyarrow": frame.convert_dtypes(dtype_backend="pyarrow"),
    }
    return (
        plain | nullable | {"polars": pl.from_pandas(frame), "arrow": pa.Table.from_pandas(frame)}
    )


@cache
def of_integers() -> dict[bool, tuple[MotifRegressor, MotifClassifier]]:
    rng = np.random.default_rng(0)
    X = rng.integers(-5, 6, (50, 3)).astype(float)
    tables = {False: X, True: pd.DataFrame(X, columns=["x0", "x1", "x2"])}
    y = X[:, 0] * X[:, 1]
    return {
        named: (fast().fit(T, y), MotifClassifier(preset="fast", n_jobs=1).fit(T, y > 0))
        for named, T in tables.items()
    }


@examples
@given(SEEDS, st.integers(1, 60))
def test_p10_containers(seed: int, n: int) -> None:
    """Rows are predicted alike, whatever they come in."""
    X = np.random.default_rng(seed).integers(-5, 6, (n, 3)).astype(float)
    expected = {
        named: (
            r.predict(X if not named else containers(X)["numpy"]),
            c.predict_proba(containers(X)["numpy"] if named else X),
        )
        for named, (r, c) in of_integers().items()
    }
    assert np.array_equal(expected[False][0], expected[True][0])
    for table in containers(X).values():
        regressor, classifier = of_integers()[
            hasattr(table, "columns") and not isinstance(table, np.ndarray)
        ]
        assert np.array_equal(regressor.predict(table), expected[True][0]) and np.array_equal(
            classifier.predict_proba(table), expected[True][1]
        )
