"""Structure that the profile finds becomes a layer of the network: exact, saved, exported, and kept
only where it helps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import motifnet
from motifnet import MotifClassifier, MotifRegressor
from motifnet.engine import Control, Matrix, UsageError
from motifnet.motifs import Motif
from motifnet.structure import (
    Group,
    InputLayer,
    Prescriber,
    Profile,
    Rows,
    Surface,
    act,
    as_rows,
    cyclic,
    equivariant,
    first_and_others,
    flips,
    numpy_of,
    permutations,
    projection,
    quotient_layer,
    step,
    symmetry,
)
from motifnet.tables import Sample, make_folds
from motifnet.teachers import KernelRidge
from motifnet.training import FeatureSettings, cross_tune, starts_of

Drawn = tuple[Matrix, Matrix, Matrix]


def exchangeable(rng: np.random.Generator, n: int = 300) -> Drawn:
    X = rng.random((n, 3))
    f = np.sin(4 * X).sum(1) + 2 * X.prod(1) + X.max(1)
    return X, f, f + 0.1 * rng.standard_normal(n)


def even(rng: np.random.Generator, n: int = 300) -> Drawn:
    X = rng.standard_normal((n, 3))
    f = np.abs(X[:, 0]) * 2 + np.sin(X[:, 1]) + X[:, 2]
    return X, f, f + 0.1 * rng.standard_normal(n)


def thin(rng: np.random.Generator, n: int = 300) -> Drawn:
    Z, axes = (
        rng.uniform(-1, 1, (n, 2)),
        np.linalg.qr(np.random.default_rng(0).standard_normal((20, 2)))[0].T,
    )
    f = np.sin(6 * Z[:, 0]) * np.cos(5 * Z[:, 1])
    return Z @ axes, f, f + 0.1 * rng.standard_normal(n)


def jumping(rng: np.random.Generator, n: int = 2_000) -> Drawn:
    X = rng.random((n, 2))
    f = X[:, 0] ** 2 + (X[:, 0] + X[:, 1] > 0.9)
    return X, f, f + 0.1 * rng.standard_normal(n)


def jumping_across_a_sphere(rng: np.random.Generator, n: int = 2_000) -> Drawn:
    X = rng.uniform(-1, 1, (n, 3))
    f = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + (np.linalg.norm(X - 0.1, axis=1) > 0.8)
    return X, f, f + 0.2 * rng.standard_normal(n)


def moving_along(rng: np.random.Generator, n: int = 300) -> Drawn:
    X = rng.random((n, 3))
    f = np.stack(
        [np.sin(5 * X[:, j]) + 2 * np.delete(X, j, axis=1).prod(1) for j in range(3)], axis=1
    )
    return X, f, f + 0.1 * rng.standard_normal((n, 3))


def triangles(rng: np.random.Generator, n: int = 300) -> Drawn:
    """The sum of what three points in the plane do to each other."""
    P = rng.random((n, 3, 2))
    f = np.exp(-4 * ((P[:, :, None] - P[:, None]) ** 2).sum(-1)).sum((1, 2))
    return P.reshape(n, 6), f, f + 0.1 * rng.standard_normal(n)


CASES = [
    (exchangeable, "sorting layer"),
    (even, "absolute values"),
    (triangles, "sorting layer"),
    (moving_along, "equivariant layer"),
    (thin, "projection"),
    (jumping, "step"),
    (jumping_across_a_sphere, "step"),
]


@pytest.mark.parametrize(
    ("draw", "layer"),
    # of the two steps one in the fast suite
    [
        pytest.param(
            *case, id=case[0].__name__, marks=[pytest.mark.slow] * (case[0] is CASES[-1][0])
        )
        for case in CASES
    ],
)
def test_found_structure_is_built_in_kept_saved_and_exported(
    draw: Callable[..., Drawn], layer: str, tmp_path: Path
) -> None:
    rng = np.random.default_rng(1)
    X, _, y = draw(rng)
    new, truth, _ = draw(rng)
    model = MotifRegressor(preset="fast", profile="auto").fit(X, y)
    plain = MotifRegressor(preset="fast", profile=None).fit(X, y)
    rows = {row.stage: row for row in model.ledger_}
    assert model.profile_ is not None
    assert model.profile_.prescription
    assert rows["profile"].note
    assert rows[layer].kept
    assert rows[layer].error < rows["profile"].error
    assert np.mean((model.predict(new) - truth) ** 2) < np.mean((plain.predict(new) - truth) ** 2)
    np.testing.assert_allclose(
        model.teacher_(model.encode(new)).reshape(truth.shape), model.predict(new), atol=1e-9
    )
    model.save(tmp_path / "m.motif")
    np.testing.assert_array_equal(
        motifnet.load(tmp_path / "m.motif").predict(new), model.predict(new)
    )
    model.to_onnx(tmp_path / "m.onnx")  # compared with the network before it is written


@pytest.mark.usefixtures("short_fits")
@pytest.mark.parametrize("n", [150, 300])
def test_where_nothing_is_found_the_model_is_that_without_a_profile(n: int) -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, 3)) * [1, 2, 3] + [0, 1, 5]
    y = X[:, 0] + np.sin(X[:, 1]) + 0.5 * rng.standard_normal(n)
    model, plain = (
        MotifRegressor(preset="fast", profile=wish).fit(X, y) for wish in ("auto", None)
    )
    assert model.profile_ is not None
    assert not model.profile_.prescription
    assert "nothing" in next(row.note for row in model.ledger_ if row.stage == "profile")
    assert plain.profile_ is None
    np.testing.assert_array_equal(model.predict(X), plain.predict(X))


@pytest.mark.usefixtures("short_fits")
def test_a_given_profile_is_followed_and_checked() -> None:
    X, _, y = exchangeable(np.random.default_rng(2))
    found = motifnet.profile(X, y)
    model = MotifRegressor(preset="fast", profile=found).fit(X, y)
    assert model.profile_ is found
    assert "sorting layer" in [row.stage for row in model.ledger_]
    with pytest.raises(UsageError, match="profile of this table"):
        MotifRegressor(preset="fast", profile=found).fit(X[:, :2], y)
    with pytest.raises(UsageError, match="Pass 'auto'"):
        MotifRegressor(profile="car").fit(X, y)


@pytest.mark.usefixtures("short_fits")
def test_classes_have_invariances_too() -> None:
    X, f, _ = exchangeable(np.random.default_rng(3), 600)
    model = MotifClassifier(preset="fast", profile="auto").fit(
        X, np.where(f > np.median(f), "hi", "lo")
    )
    assert model.profile_ is not None
    assert [f.detector for f in model.profile_.findings] == ["intrinsic dimension", "invariance"]
    assert np.isfinite(model.predict_proba(X)).all()


GROUPS = [
    permutations([[0], [2], [3]], 5),
    permutations([[0, 1], [2, 3], [5, 4]], 6),
    cyclic([[0], [1], [2], [3]], 4),
    cyclic([[0, 3], [1, 4], [2, 5]], 7),
    flips([[1], [3]], 4),
    flips([[0, 1, 3]], 4),
]


@pytest.mark.parametrize("group", GROUPS, ids=lambda g: f"{g.name} of {len(g.blocks[0])}")
def test_quotient_layers_are_invariant_and_tell_orbits_apart(group: Group) -> None:
    rng = np.random.default_rng(0)
    X, layer = rng.standard_normal((20, group.d)), quotient_layer(group)
    Z = numpy_of(layer, X)
    for element in group.elements():
        np.testing.assert_allclose(numpy_of(layer, act(element, X)), Z, atol=1e-12)
    assert np.linalg.norm(Z[:, None] - Z, axis=2)[np.triu_indices(20, 1)].min() > 1e-3
    assert group.is_layer


@pytest.mark.parametrize(
    "group",
    [g for g in GROUPS if g.kind != "flips"],
    ids=lambda g: f"{g.name} of {len(g.blocks[0])}",
)
def test_a_network_at_all_images_moves_along(group: Group) -> None:
    rng = np.random.default_rng(0)
    X, layer, q = rng.standard_normal((20, group.d)), first_and_others(group), len(group.blocks)

    def at_images(X: Matrix) -> Matrix:
        Z = [numpy_of(layer, X[:, list(p)]) for p in group.moves_to_first()]
        return np.stack([z @ np.sin(np.arange(1, z.shape[1] + 1)) for z in Z], axis=1)

    for p, _ in group.elements():
        moved = [
            next(i for i in range(q) if group.blocks[i][0] == p[block[0]]) for block in group.blocks
        ]
        np.testing.assert_allclose(at_images(X[:, list(p)]), at_images(X)[:, moved], atol=1e-12)


def rows_in_units(X: Matrix, y: Matrix) -> Rows:
    return as_rows(X, y, classes=False, most=1_000, seed=0)


def test_fronts_do_what_they_say() -> None:
    rng = np.random.default_rng(0)
    raw = rng.standard_normal((50, 4)) * [1, 2, 1, 4] + [0, 3, 0, -1]
    rows = rows_in_units(raw, raw[:, 0])
    input_layer = symmetry(permutations([[1], [3]], 4), rows, rows.X)
    # exchanged in the units of the table
    swapped = ((rows.X * rows.unit + rows.centre)[:, [0, 3, 2, 1]] - rows.centre) / rows.unit
    np.testing.assert_allclose(
        numpy_of(input_layer.motif, swapped), numpy_of(input_layer.motif, rows.X), atol=1e-12
    )
    np.testing.assert_array_equal(numpy_of(input_layer.motif, rows.X)[:, :2], rows.X[:, [0, 2]])
    Z = numpy_of(input_layer.motif, rows.X)[:, 2:]
    np.testing.assert_allclose(
        [Z.mean(0), Z.std(0)], [[0] * Z.shape[1], [1] * Z.shape[1]], atol=1e-12
    )
    Z = numpy_of(projection(rows.X, np.array([True, True, False, True]), 2).motif, rows.X)
    np.testing.assert_array_equal(Z[:, 0], rows.X[:, 2])
    np.testing.assert_allclose(np.cov(Z[:, 1:].T, bias=True), np.eye(2), atol=1e-12)


def test_images_of_a_row_share_its_fold_and_come_back_as_its_targets() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 3))
    Y = X * [1, 2, 3] + [0, 5, 1]
    rows = rows_in_units(X, Y)
    sample, orbit = (
        Sample.plain(rows.X, rows.y),
        equivariant(permutations([[0], [1], [2]], 3), rows, rows.X),
    )
    transform = orbit.transform(sample)
    np.testing.assert_array_equal(transform.folds.of, np.tile(sample.folds.of, 3))
    np.testing.assert_allclose(orbit._targets(transform.y), sample.y, atol=1e-12)
    raw = (rows.y * rows.sd + rows.mean).T.ravel()
    # one unit and one centre for all targets
    assert np.corrcoef(transform.y[:, 0], raw)[0, 1] == pytest.approx(1)


def test_a_sample_behind_a_front_keeps_its_folds_and_their_encodings() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 3))
    sample = Sample.plain(X, X[:, 0])
    rows = rows_in_units(X, X[:, 0])
    input_layer = symmetry(permutations([[0], [1], [2]], 3), rows, rows.X)
    transform = input_layer.transform(sample)
    np.testing.assert_array_equal(transform.X, numpy_of(input_layer.motif, X))
    assert transform.views is None
    assert transform.folds is sample.folds


def test_a_network_of_a_fold_stands_behind_the_front_that_it_was_trained_behind() -> None:
    """A search for a jump does not say which side is which: here two folds of three have the sides
    the other way round.
    """
    rng = np.random.default_rng(3)
    X = rng.random((240, 2))
    y = 2.0 * (X[:, :1] > 0.5) + 0.01 * rng.standard_normal((240, 1))
    one, other = (step(Surface((0,), (1,), np.array([s]), 0.5), 0.5 * s, 2) for s in (1.0, -1.0))
    sample = Sample.plain(X, y - 1, folds=3)
    input_layer = InputLayer("step", one, np.array([True, True, False]), (other, one, other))
    transform = input_layer.transform(sample)
    tuned = cross_tune(
        transform,
        starts_of(KernelRidge().fit(transform), FeatureSettings().profiles),
        FeatureSettings(steps=2),
    )
    part = input_layer.part("trained kernel", tuned)
    assert np.abs(part.predict(X) - sample.y).max() < 0.3
    np.testing.assert_allclose(numpy_of(part.network, X), part.predict(X), atol=1e-10)


@cache
def profile_of_a_jump() -> Profile:
    X, _, y = jumping(np.random.default_rng(4))
    return motifnet.profile(X, y)


@pytest.mark.parametrize(("n", "searched"), [(450, [1, 0, 2, None]), (900, [0])])
def test_a_step_is_searched_without_the_fold_of_its_trial_first(
    monkeypatch: pytest.MonkeyPatch, n: int, searched: list[int | None]
) -> None:
    """The profile of another target says that there is a jump, where this one is linear. Folds of
    150 rows are too few for a trial.
    """
    rng = np.random.default_rng(4)
    X, _, _ = jumping(rng)
    found = profile_of_a_jump()
    assert "singularity" in found.prescription
    without, search = list[int | None](), Prescriber._step

    def counted(self: Prescriber, sample: Sample, k: int | None, control: Control) -> Motif | None:
        without.append(k)
        return search(self, sample, k, control)

    monkeypatch.setattr(Prescriber, "_step", counted)
    model = MotifRegressor(random_state=0, preset="fast", profile=found).fit(
        X[:n], X[:n, 0] + 0.1 * rng.standard_normal(n)
    )
    assert without == searched
    note = next(row.note for row in model.ledger_ if row.stage == "step")
    assert ("rejected early, after a trial on 300 rows" in note) == (n == 900)


def test_one_fold_alone_is_predicted_by_what_may_predict_it() -> None:
    X, y = np.zeros((60, 1)), np.zeros(60)
    plain = Sample.plain(X, y, folds=3)
    time = make_folds(60, 3, 0, time=np.arange(60.0))
    groups = make_folds(60, 3, 0, groups=np.arange(60) // 5)
    for folds in (plain.folds, time, groups):
        for k in range(folds.count):
            only = folds.only(k)
            assert only.count == 1
            np.testing.assert_array_equal(only.held_out(0), folds.held_out(k))
            np.testing.assert_array_equal(only.train(0), folds.train(k))
    views = (X, X + 1, X + 2)
    np.testing.assert_array_equal(replace(plain, views=views).only(1).view(0), X + 1)


def test_an_orbit_has_fewer_centres_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has as many rows a row as there are targets: more than the rows by which a trial of few
    centres is judged.
    """
    monkeypatch.setattr("motifnet.pipeline._compact.MAX_WHOLE", 0)
    X, _, y = moving_along(np.random.default_rng(1))
    model = MotifRegressor(preset="fast", random_state=0).fit(X, y)
    rows = {row.stage: row for row in model.ledger_}
    assert rows["equivariant layer"].kept
    assert "taken" in rows["compact"].note
