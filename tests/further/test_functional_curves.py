"""The reader of curves: the trapezoidal rule, inputs of all kinds, missing values, errors."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from motifnet.engine import DataError, Matrix, UsageError
from motifnet.functional import read_curves

GRID = np.array([0.0, 0.5, 0.7, 1.5, 2.0, 2.1, 3.0])


def lines() -> Matrix:
    """Two lines, with shape (2, 7)."""
    return np.stack([2 * GRID - 1, 3 - GRID])


def test_weights_are_those_of_the_trapezoidal_rule() -> None:
    curves = read_curves(lines(), GRID)
    assert curves.weights.sum() == pytest.approx(3) and curves.length == 3
    assert curves.inner(np.ones(7)) == pytest.approx([6.0, 4.5])  # exact for lines
    product = lines()[0] * np.cos(GRID)
    assert curves.inner(np.cos(GRID))[0] == pytest.approx(np.trapezoid(product, GRID))
    assert curves.inner(curves.values).shape == (2, 2)
    assert curves.norm**2 == pytest.approx(np.diag(curves.inner(curves.values)))


def test_norm_is_that_of_the_function_on_a_fine_grid() -> None:
    t = np.linspace(0, 1, 2_001)
    assert read_curves(np.sin(np.pi * t)[None], t).norm[0] == pytest.approx(np.sqrt(0.5), rel=1e-6)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
@pytest.mark.parametrize("prefix", ["", "height_", "log_height_"])
def test_names_of_columns_give_the_grid(frame: Any, prefix: str) -> None:
    columns = {f"{prefix}{t:g}": lines()[:, k] for k, t in enumerate(GRID)}
    curves = read_curves(frame(columns))
    assert curves.grid == pytest.approx(GRID) and (curves.values == lines()).all()


@pytest.mark.parametrize("names", [None, [f"c{k}" for k in "abcdefg"], range(7)])
def test_other_names_do_not(names: Any) -> None:
    frame = pd.DataFrame(lines(), columns=names)
    assert read_curves(frame).grid == pytest.approx(np.linspace(0, 1, 7))
    assert read_curves(frame, GRID).grid == pytest.approx(GRID)


def grid_data(values: Matrix, *points: Matrix) -> Any:
    """What an FDataGrid of scikit-fda has."""
    return SimpleNamespace(data_matrix=values, grid_points=points)


def test_grid_data_and_what_turns_into_it() -> None:
    data = grid_data(lines()[:, :, None], GRID)
    for X in (data, SimpleNamespace(to_grid=lambda: data)):
        curves = read_curves(X)
        assert (curves.values == lines()).all() and (curves.grid == GRID).all()


def test_grid_data_of_scikit_fda() -> None:
    skfda = pytest.importorskip("skfda")
    curves = read_curves(skfda.FDataGrid(lines(), GRID))
    assert (curves.values == lines()).all() and (curves.grid == GRID).all()


def test_a_line_comes_back_from_any_four_points() -> None:
    for seen in ([0, 1, 2, 3], [3, 4, 5, 6], [1, 2, 4, 5], [0, 1, 3, 4, 6]):
        values = np.full((2, 7), np.nan)
        values[:, seen] = lines()[:, seen]
        assert read_curves(values, GRID).values == pytest.approx(lines(), abs=1e-8)


def test_a_smooth_curve_comes_back_and_observed_values_stay() -> None:
    t = np.linspace(0, 1, 101)
    truth = np.sin(5 * t)[None]
    values = truth.copy()
    values[0, np.random.default_rng(0).choice(np.arange(1, 100), 60, replace=False)] = np.nan
    found = read_curves(values, t).values
    seen = ~np.isnan(values)
    assert np.abs(found - truth).max() < 0.01 and (found[seen] == values[seen]).all()
    assert np.isnan(values).any()  # the caller's array is as it was


def test_noise_is_smoothed_where_values_are_missing() -> None:
    rng = np.random.default_rng(0)
    t = np.linspace(0, 1, 200)
    truth = np.tile(np.sin(5 * t), (5, 1))
    values = truth + 0.3 * rng.standard_normal(truth.shape)
    missing = rng.random(truth.shape) < 0.5
    found = read_curves(np.where(missing, np.nan, values), t).values
    assert np.std((found - truth)[missing]) < 0.5 * 0.3


BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "one curve": (lambda: read_curves(GRID), DataError, r"Expected 2D array.*reshape\(1, -1\)"),
    "no curve": (lambda: read_curves(lines()[:0]), DataError, "0 sample"),
    "one point": (lambda: read_curves(lines()[:, :1]), DataError, "1 feature"),
    "strings": (lambda: read_curves([["a", "b"]]), DataError, "not numbers.*Pass an array"),
    "a column of strings": (
        lambda: read_curves(pd.DataFrame({"sex": ["m"], "1": [1.0], "2": [2.0]})),
        DataError,
        "Keep the columns of the curves",
    ),
    "infinity": (lambda: read_curves(lines() / 0.0, GRID), DataError, "infinity.*curve 0, point 0"),
    "only NaN": (lambda: read_curves(lines() * np.nan, GRID), DataError, "0 observed.*Leave"),
    "three points": (
        lambda: read_curves(np.where(np.arange(7) < 3, lines(), np.nan), GRID),
        DataError,
        "3 observed points.*at least 4.*2 curves",
    ),
    "complex": (lambda: read_curves(lines() * 1j, GRID), DataError, "Complex data not supported"),
    "a falling grid": (lambda: read_curves(lines(), GRID[::-1]), UsageError, "must increase.*Sort"),
    "an equal point": (lambda: read_curves(lines(), np.maximum(GRID, 0.5)), UsageError, "equal"),
    "a NaN in the grid": (lambda: read_curves(lines(), GRID * np.nan), UsageError, "finite"),
    "a short grid": (lambda: read_curves(lines(), GRID[:3]), DataError, "expecting 3 features"),
    "another grid than its own": (
        lambda: read_curves(grid_data(lines()[:, :, None], GRID), GRID + 1),
        DataError,
        "own points.*0 in place of 1.*Evaluate",
    ),
    "names that fall": (
        lambda: read_curves(pd.DataFrame(lines(), columns=["1", "10", "2", "3", "4", "5", "6"])),
        UsageError,
        "The grid of X must increase, but point 1 is 10",
    ),
    "functions of two variables": (
        lambda: read_curves(grid_data(np.ones((2, 7, 7, 1)), GRID, GRID)),
        DataError,
        "one coordinate",
    ),
}


@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value)")
@pytest.mark.parametrize("case", BAD)
def test_bad_input(case: str) -> None:
    call, error, words = BAD[case]
    with pytest.raises(error, match=f"(?s){words}"):
        call()
