"""The encoder: standardised columns, gaps, levels, dates; weights as repetitions; target statistics
that never meet their own target.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from motifnet.engine import MotifnetWarning
from motifnet.model import FittedModel, load_model, save_model
from motifnet.motifs import Affine
from motifnet.tables import (
    PERIODS,
    Calendar,
    Encoder,
    Feature,
    Numeric,
    OneHot,
    TargetMean,
    as_table,
    canonical,
    make_folds,
    moments,
)
from motifnet.transfer import Certificate, describe_network
from tests.tables.encoded import encode


def mixed(n: int = 400, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "number": rng.normal(size=n) * 50 + 1000,
            "truth": rng.integers(0, 2, n) > 0,
            "two": rng.choice(["b", "a"], n),
            "few": rng.choice(["x", "y", "z"], n),
            "many": rng.integers(0, 150, n).astype(str),
            "date": pd.Timestamp("2020-02-29")
            + pd.to_timedelta(rng.integers(0, 10**6, n), unit="min"),
        }
    )
    for name in ("number", "few", "many", "date"):
        frame.loc[rng.random(n) < 0.1, name] = None
    return frame


# --- moments


def test_moments_of_weights_are_moments_of_repeated_rows() -> None:
    rng = np.random.default_rng(0)
    for offset in (0.0, 1e6, -1e9):
        x, times = rng.normal(size=5000) + offset, rng.integers(1, 7, 5000)
        mean, sd = moments(x, times.astype(float))
        again = moments(np.repeat(x, times), np.ones(times.sum()))
        assert_allclose((mean, sd), again, rtol=1e-12, atol=1e-14)
        exact = x.astype(np.longdouble)
        centre = np.average(exact, weights=times)
        assert_allclose(
            sd, float(np.sqrt(np.average((exact - centre) ** 2, weights=times))), rtol=1e-12
        )


def test_moments_of_huge_and_tiny_values_are_finite() -> None:
    for scale in (1e300, 1.7e308, 1e-300):
        mean, sd = moments(np.array([-1.0, 1.0, 1.0]) * scale, np.ones(3))
        assert_allclose((mean / scale, sd / scale), (1 / 3, np.sqrt(8) / 3), rtol=1e-12)


def test_a_constant_has_no_spread_at_all() -> None:
    assert moments(np.full(7, 0.1), np.random.default_rng(0).random(7)) == (0.1, 0.0)


# --- numbers


def test_numbers_are_standardised_and_clipped() -> None:
    x = np.append(np.zeros(99), 1e300)
    _, X, views = encode(x[:, None])
    assert views is None
    assert_allclose(X[:, 0], np.append(np.full(99, -1 / np.sqrt(99)), 8.0), rtol=1e-12)


def test_a_gap_is_the_mean_and_an_indicator() -> None:
    encoder, X, _ = encode(pd.DataFrame({"a": [1.0, 3.0, np.nan, np.nan]}))
    assert encoder.names == ("a", "a is missing")
    assert encoder.numeric.tolist() == [True, False]
    assert_allclose(X, [[-1, -1], [1, -1], [0, 1], [0, 1]])


def test_a_gap_that_the_fit_has_not_seen_is_the_mean() -> None:
    encoder, _, _ = encode(pd.DataFrame({"a": [1.0, 3.0], "b": [True, False]}))
    assert encoder.numeric.tolist() == [True, False]
    assert_array_equal(encoder.transform(as_table(np.full((1, 2), np.nan))), [[0.0, 0.0]])


def test_infinite_differences_end_at_the_limit() -> None:
    feature = Numeric("a", -1.7e308, 1e307, 0.0, None, False)
    assert feature.encode(as_table([[1.7e308]]).columns[0]).tolist() == [[8.0]]


def test_columns_that_say_nothing_are_left_out() -> None:
    frame = pd.DataFrame(
        {
            "constant": [5, 5, 5],
            "level": ["a", "a", "a"],
            "day": pd.Timestamp("2020-01-01"),
            "x": [1, 2, 3],
        }
    )
    encoder, X, _ = encode(frame)
    assert encoder.names == ("x",)
    assert X.shape == (3, 1)
    with pytest.warns(MotifnetWarning, match="left out: 'a', 'c'"):
        encoder, X, _ = encode(
            pd.DataFrame(
                {"a": [None, None], "b": [1, 1], "c": pd.Series([None, None], dtype="str")}
            )
        )
    assert encoder.names == ("constant",)
    assert_array_equal(X, np.zeros((2, 1)))
    assert_array_equal(
        encoder.transform(as_table(pd.DataFrame({"a": [1.0], "b": [1], "c": ["new"]}))), [[0.0]]
    )


# --- levels


def test_indicators_of_levels() -> None:
    encoder, X, _ = encode(pd.DataFrame({"c": ["b", "a", None, "a"]}))
    assert encoder.names == ("c=a", "c=b", "c is missing")
    assert not encoder.numeric.any()
    half, third = 1.0, np.sqrt(3)
    assert_allclose(X[1], [half, -1 / third, -1 / third])
    assert_allclose(X[0], [-half, third, -1 / third])
    assert_allclose(X[2], [-half, -1 / third, third])
    unseen = encoder.transform(as_table(pd.DataFrame({"c": ["new"]})))
    assert_allclose(unseen, [[-half, -1 / third, -1 / third]])


def test_two_levels_need_one_indicator() -> None:
    encoder, X, _ = encode(pd.DataFrame({"c": ["b", "a", "b", "a"]}))
    assert encoder.names == ("c=b",)
    assert_allclose(X[:, 0], [1, -1, 1, -1])
    assert_allclose(encoder.transform(as_table(pd.DataFrame({"c": ["new", None]}))), [[-1], [-1]])


def test_levels_of_other_types_survive_json(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "i": pd.Categorical([3, 10, 1, None]),
            "b": pd.Categorical([True, False, None, True]),
            "f": pd.Categorical([0.5, 1.0, 2.0, 1.0]),
        }
    )
    encoder, X, _ = encode(frame)
    first, second, third = encoder.features
    assert (first.levels, second.levels, third.levels) == (
        (1, 3, 10, None),
        (False, True, None),
        (0.5, 1.0, 2.0),
    )
    assert_array_equal(restored(encoder, frame, tmp_path).transform(as_table(frame)), X)


def test_a_level_in_three_thousand_rows_is_clipped() -> None:
    _, X, _ = encode(pd.DataFrame({"c": ["rare"] + ["a", "b"] * 1500}))
    assert X.max() == 8.0


# --- dates


def test_phases_of_a_date() -> None:
    times = pd.to_datetime(
        ["1969-12-31T18:00:00", "1970-01-01", "2024-05-31T12:34:56.789", "2100-01-01T06:00:00"],
        format="ISO8601",
    )
    encoder, X, _ = encode(pd.DataFrame({"d": times}))
    t = times.to_numpy().astype("datetime64[us]").astype(np.int64)
    raw = [t.astype(float)]
    for period in PERIODS.values():
        phase = np.array([int(v) % period for v in t]) / period * 2 * np.pi
        raw += [np.sin(phase), np.cos(phase)]
    expected = np.stack(raw, 1)
    assert_allclose(X, (expected - expected.mean(0)) / expected.std(0), atol=1e-12)
    assert encoder.names[:3] == ("d time", "d sine of the year", "d cosine of the year")
    assert encoder.numeric.all()


def test_a_phase_that_does_not_vary_is_left_out() -> None:
    days = pd.date_range("2024-01-01", periods=40, freq="D")
    names = encode(pd.DataFrame({"d": days}))[0].names
    assert [name.split()[-1] for name in names] == ["time", "year", "year", "week", "week"]
    assert [n.split()[-1] for n in encode(pd.DataFrame({"d": days[::7]}))[0].names] == [
        "time",
        "year",
        "year",
    ]
    noon = pd.to_datetime(["2024-01-01T00:00", "2024-01-01T12:00", "2024-01-02T12:00"])
    # sin π is rounding alone
    assert "d sine of the day" not in encode(pd.DataFrame({"d": noon}))[0].names


def test_a_gap_among_dates() -> None:
    encoder, X, _ = encode(pd.DataFrame({"d": pd.to_datetime(["2024-01-01", None, "2024-03-01"])}))
    assert encoder.names[-1] == "d is missing"
    assert_array_equal(X[1, :-1], 0.0)
    assert encoder.numeric.tolist() == [True] * (len(encoder.names) - 1) + [False]
    assert isinstance(encoder.features[0], Calendar)


# --- the whole


def restored(encoder: Encoder, frame: Any, tmp_path: Path) -> Encoder:
    """Saved with a model, and loaded again."""
    network = Affine(torch.zeros(1, len(encoder.names)).double(), torch.zeros(1).double())
    model = FittedModel(
        encoder,
        as_table(frame).schema,
        network,
        "regression",
        ("y",),
        None,
        (),
        describe_network(network, len(encoder.names)),
        Certificate("native", None, 0.0, 0.0, 0.0, 64),
    )
    save_model(model, tmp_path / "model.motif")
    return load_model(tmp_path / "model.motif").encoder


def test_a_file_gives_the_same_encoder(tmp_path: Path) -> None:
    frame = mixed()
    encoder, _, _ = encode(frame, np.random.default_rng(0).normal(size=400))
    again = restored(encoder, frame, tmp_path)
    assert again.names == encoder.names
    assert_array_equal(again.numeric, encoder.numeric)
    assert_array_equal(again.transform(as_table(frame)), encoder.transform(as_table(frame)))
    assert {type(feature) for feature in again.features} == {Numeric, OneHot, TargetMean, Calendar}
    assert all(isinstance(feature, Feature) for feature in again.features)


def test_shapes_names_and_limits_agree() -> None:
    frame = mixed()
    encoder, X, views = encode(frame, np.random.default_rng(0).normal(size=(400, 2)))
    assert X.shape == (400, len(encoder.names)) == encoder.transform(as_table(frame)).shape
    assert encoder.numeric.shape == (X.shape[1],)
    assert len(views) == 4
    assert "many effect 1" in encoder.names
    for matrix in (X, *views):
        assert matrix.dtype == np.float64
        assert np.abs(matrix).max() <= 8
        assert np.isfinite(matrix).all()
    free = ["many" not in name for name in encoder.names]
    assert_array_equal(encoder.transform(as_table(frame))[:, free], X[:, free])
    for view in views:
        assert_array_equal(view[:, free], X[:, free])


def test_blocks_are_encoded_as_the_whole_is() -> None:
    table = as_table(mixed())
    encoder, _, _ = encode(mixed(), np.random.default_rng(0).normal(size=400))
    parts = [encoder.transform(table.take(rows)) for rows in np.array_split(np.arange(400), 7)]
    assert_array_equal(np.concatenate(parts), encoder.transform(table))


def test_the_order_of_rows_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    frame, y, weight = mixed(), rng.normal(size=(400, 1)), rng.integers(1, 4, 400).astype(float)
    again = rng.permutation(400)
    found = []
    for part, target, given in ((frame, y, weight), (frame.iloc[again], y[again], weight[again])):
        rows = canonical(as_table(part), target, given)
        encoder, X, views = Encoder.fit(
            rows.table, rows.y, rows.weight, make_folds(rows.table.n, 4, 0)
        )
        assert views is not None
        found.append((encoder.transform(as_table(frame)), X, *views))
    for one, other in zip(*found, strict=True):
        assert_array_equal(one, other)


def test_encoding_is_fast() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {f"n{i}": rng.normal(size=100_000) for i in range(12)}
        | {f"c{i}": rng.integers(0, 9, 100_000).astype(str) for i in range(8)}
    )
    table, y, folds = as_table(frame), np.zeros((100_000, 1)), make_folds(100_000, 4, 0)
    start = time.perf_counter()
    Encoder.fit(table, y, np.ones(100_000), folds)
    # measured .4 on a quiet core; the rest is for busy machines
    assert time.perf_counter() - start < 5
