"""The screen of a wide table: its statistics are what they say, its choice is honest, and the whole
of a fit stands behind it.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from motifnet import MotifClassifier, MotifRegressor, load
from motifnet.engine import MotifnetWarning
from motifnet.motifs import Motif, Select
from motifnet.structure import (
    MAX_COLUMNS,
    LogScale,
    correlations,
    explained_variance,
    numpy_of,
    part_of,
    screen,
)
from motifnet.tables import Sample, make_folds
from motifnet.teachers import Forest, KernelRidge

MAX = MAX_COLUMNS


def columns_of(motif: Motif) -> list[int]:
    """Those that a front selects."""
    assert isinstance(motif, Select)
    return motif.columns


def wide(n: int = 240, d: int = MAX + 20, seed: int = 0, q: int = 1) -> Sample:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    y = np.stack([np.sin(2 * X[:, 7 + j]) + X[:, 50 + j] for j in range(q)], 1) + 0.1 * rng.normal(
        size=(n, q)
    )
    return Sample.plain(X, (y - y.mean(0)) / y.std(0), folds=3, weight=rng.uniform(0.5, 2, n))


def tree() -> Forest:
    """x_1 ≤ 0, then x_0 ≤ 1 on the right."""
    own = np.arange(5)
    left, right = own.copy(), own.copy()
    left[[0, 2]], right[[0, 2]] = [1, 3], [2, 4]
    values = np.array([[0.0], [-1.0], [0.0], [2.0], [5.0]])
    return Forest(
        np.array([1, 0, 0, 0, 0]),
        np.array([0.0, 0, 1, 0, 0]),
        left,
        right,
        np.zeros(1, dtype=np.int64),
        values,
    )


def test_what_splits_explain_is_the_variance_of_the_tree() -> None:
    rng = np.random.default_rng(0)
    X, w = rng.normal(size=(400, 3)), rng.uniform(1, 2, 400)
    gain, f = explained_variance(tree(), X, w), tree().predict(X)[:, 0]
    assert gain.sum() == pytest.approx(w @ (f - np.average(f, weights=w)) ** 2)
    right = X[:, 1] > 0
    assert gain[0] == pytest.approx(
        w[right] @ (f[right] - np.average(f[right], weights=w[right])) ** 2
    )
    assert gain[2] == 0


def test_correlations_are_those_of_repeated_rows() -> None:
    sample, times = wide(q=2), np.random.default_rng(1).integers(1, 4, 240)
    found = correlations(replace(sample, weight=times.astype(float)))
    X, Y = np.repeat(sample.X, times, axis=0), np.repeat(sample.y, times, axis=0)
    for j in (0, 7, MAX):
        x = X[:, j] - X[:, j].mean()
        assert found[j] == pytest.approx(
            max(abs(np.corrcoef(z, y)[0, 1]) for z in (x, x**2) for y in Y.T)
        )
    constant = replace(sample, X=np.full_like(sample.X, 0.1))
    assert not correlations(constant).any()


@pytest.mark.parametrize(("d", "there"), [(MAX, False), (MAX + 1, True)])
def test_only_a_table_of_more_columns_has_a_screen(d: int, there: bool) -> None:
    input_layer = screen(wide(d=d))
    assert (input_layer is not None) == there
    if input_layer is not None:
        assert input_layer.motif.outputs(d) == MAX and input_layer.name == f"{MAX} of {d} columns"


def test_every_target_has_its_columns_and_jobs_change_nothing() -> None:
    sample = wide(d=3 * MAX, q=3)
    one, two = screen(sample), screen(sample, n_jobs=2)
    assert one is not None and two is not None
    assert {7, 8, 9, 50, 51, 52} <= set(columns_of(one.motif))
    assert [columns_of(f) for f in (one.motif, *one.by_fold)] == [
        columns_of(f) for f in (two.motif, *two.by_fold)
    ]


def test_a_column_has_one_place_in_all_folds_and_a_place_one_kind() -> None:
    sample = wide(d=2 * MAX)
    numeric = np.arange(2 * MAX) % 3 > 0
    sample = replace(sample, X=np.where(numeric, sample.X, sample.X > 0), numeric=numeric)
    input_layer = screen(sample)
    assert input_layer is not None
    columns = columns_of(input_layer.motif)
    assert columns == sorted(columns) and (numeric[columns] == input_layer.numeric).all()
    for selected in map(columns_of, input_layer.by_fold):
        assert len(set(selected)) == MAX and (numeric[selected] == input_layer.numeric).all()
        assert all(selected[columns.index(c)] == c for c in selected if c in columns)
    assert (
        input_layer.transform(sample).view(1) == numpy_of(input_layer.by_fold[1], sample.X)
    ).all()


@pytest.mark.parametrize("kind", ["rows", "groups", "time"])
def test_the_choice_of_a_fold_has_not_seen_its_targets(kind: str) -> None:
    sample = wide(d=3 * MAX)
    groups, time = (
        (np.repeat(np.arange(40), 6), None)
        if kind == "groups"
        else (None, np.arange(240.0))
        if kind == "time"
        else (None, None)
    )
    sample = replace(
        sample, folds=make_folds(240, 3, 0, groups=groups, time=time), groups=groups, time=time
    )
    for k in range(sample.folds.count):
        y = sample.y.copy()
        hidden = ~sample.folds.train(k)
        y[hidden] = np.random.default_rng(2).normal(size=y[hidden].shape)
        X = sample.X.copy()
        X[hidden] = 9.0
        one, other = screen(sample), screen(replace(sample, y=y, X=X))
        assert one is not None and other is not None
        assert set(columns_of(one.by_fold[k])) == set(columns_of(other.by_fold[k]))


@pytest.mark.parametrize("kind", ["rows", "groups", "time"])
def test_noise_explains_nothing(kind: str) -> None:
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(300, 400)), rng.normal(size=300)
    beside: dict[str, Any] = {
        "groups": {"groups": np.repeat(np.arange(60), 5)},
        "time": {"time": np.arange(300)},
    }.get(kind, {})
    model = MotifRegressor(preset="fast", random_state=0).fit(X, y, **beside)
    assert min(row.error for row in model.ledger_ if row.kept) > 0.93


@pytest.mark.usefixtures("short_fits")
@pytest.mark.parametrize("form", ["weights", "equal rows", "categories only"])
@pytest.mark.parametrize("d", [MAX, MAX + 4])
def test_other_forms_of_a_table_on_both_sides_of_the_screen(d: int, form: str) -> None:
    rng = np.random.default_rng(5)
    X = rng.normal(size=(300, d))
    if form == "equal rows":
        X = X[rng.integers(0, 60, 300)]
    elif form == "categories only":
        X = np.where(X > 0, 1.0, -1.0)
    truth = X[:, 7] - X[:, 50]
    weight = rng.uniform(0.5, 2, 300) if form == "weights" else None
    with warnings.catch_warnings(action="ignore", category=MotifnetWarning):  # of twins
        model = MotifRegressor(preset="fast", profile=None, random_state=0).fit(
            X, truth + 0.3 * rng.normal(size=300), sample_weight=weight
        )
    assert ("for kernels" in model.ledger_[0].note) == (d > MAX)
    assert np.sqrt(np.mean((model.predict(X) - truth) ** 2)) < 0.4


def test_a_wide_fit_is_near_the_noise_and_leaves_as_it_came(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X, new = rng.normal(size=(500, 200)), rng.normal(size=(2000, 200))
    truth = [np.sin(2 * Z[:, 7]) + Z[:, 100] for Z in (X, new)]
    model = MotifRegressor(preset="fast", random_state=0).fit(
        X, truth[0] + 0.3 * rng.normal(size=500)
    )
    predicted = model.predict(new)
    assert np.sqrt(np.mean((predicted - truth[1]) ** 2)) < 0.3
    assert f"{MAX} of 200 columns for kernels" in model.ledger_[0].note
    assert [row.note for row in model.ledger_ if row.stage == "profile"] == [
        f"not run: of more than {MAX} columns"
    ]
    assert model.certificate_.on_box < 1e-8
    model.save(tmp_path / "m.motif")
    assert (load(tmp_path / "m.motif").predict(new) == predicted).all()
    with warnings.catch_warnings(action="ignore", category=MotifnetWarning):  # of few residuals
        bands = [model.predict_band(new[:5], split=split) for split in (False, True)]
    assert all(band.shape == (5, 2) and np.isfinite(band).all() for band in bands)
    evidence: Any = model._evidence
    held_out = evidence.held_out()
    assert all(
        np.corrcoef(score.predict(score.X)[:, 0], score.target[:, 0])[0, 1] > 0.8
        for score in held_out
    )
    pytest.importorskip("onnxruntime")
    assert model.to_onnx(tmp_path / "m.onnx").max_difference < 1e-8


@pytest.mark.usefixtures("short_fits")
@pytest.mark.parametrize("size", ["full", "small"])
def test_sizes(size: str) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, MAX + 10))
    model = MotifRegressor(preset="fast", size=size, random_state=0).fit(
        X, X[:, :2] ** 2 + 0.2 * rng.normal(size=(400, 2))
    )
    assert (
        np.isfinite(model.predict(X)).all()
        and model.ledger_[0].note.count("columns for kernels") == 1
    )


@pytest.mark.usefixtures("short_fits")
@pytest.mark.parametrize("classes", [2, 3])
def test_classes(classes: int) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 150))
    y = np.digitize(X[:, 5] + X[:, 9], [0.0] if classes == 2 else [-0.7, 0.7])
    model = MotifClassifier(preset="fast", random_state=0).fit(
        X[:300], y[:300], sample_weight=rng.uniform(1, 2, 300)
    )
    assert model.score(X[300:], y[300:]) > 0.75


def test_a_part_on_the_log_scale_behind_the_screen_is_exact() -> None:
    sample = wide()
    y = np.exp(sample.y)
    mean, sd = y.mean(0), y.std(0)
    sample = replace(sample, y=(y - mean) / sd)
    log, input_layer = LogScale.of(sample, mean, sd), screen(sample)
    assert log is not None and input_layer is not None
    part = part_of("it", KernelRidge().fit(input_layer.transform(log.sample)), log, input_layer)
    np.testing.assert_allclose(numpy_of(part.network, sample.X), part.predict(sample.X), atol=1e-9)
    assert (
        part.name == f"it, {input_layer.name}, log scale"
        and np.corrcoef(part.oof[:, 0], sample.y[:, 0])[0, 1] > 0.3
    )


def test_a_trend_goes_on_beyond_a_wide_table() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(400, MAX + 20))
    model = MotifRegressor(preset="fast", random_state=0).fit(
        X, 10 * X[:, 3] + 0.3 * rng.normal(size=400)
    )
    assert "x3" in next(row.note for row in model.ledger_ if row.stage == "extrapolation")
    beyond = np.full((1, MAX + 20), 0.5)
    beyond[0, 3] = 1.5
    assert abs(model.predict(beyond)[0] - 15) < 2


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["absolute", "supnorm"])
def test_other_objectives(objective: str) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(240, MAX + 10))
    model = MotifRegressor(preset="fast", objective=objective, random_state=0).fit(
        X, X[:, 3] + 0.3 * rng.normal(size=240)
    )
    assert np.corrcoef(model.predict(X), X[:, 3])[0, 1] > 0.7
