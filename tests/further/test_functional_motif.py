"""Networks on curves: the layer is exact, the choice is that of a leave-one-out error, and what is
exported and saved is the model.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

import motifnet
from motifnet.engine import DataError, Matrix, UsageError
from motifnet.functional import (
    FunctionalMotifClassifier,
    FunctionalMotifRegressor,
    load,
    make_curve_classes,
)
from motifnet.model import BundleError

GRID = np.linspace(0, 2, 41)


def shifted_curves(n: int, seed: int = 0) -> tuple[Matrix, Matrix]:
    """Curves whose levels vary a lot, and a target that depends on the squared height of a bump:
    derivatives see the bump without the level.
    """
    rng = np.random.default_rng(seed)
    level, height, phase = rng.normal(0, 10, n), rng.uniform(-1, 1, n), rng.uniform(0, 6, n)
    bump = np.exp(-20 * (GRID - 1) ** 2)
    curves = level[:, None] + np.outer(height, bump) + 0.3 * np.cos(GRID + phase[:, None])
    return curves, height + height**2 + 0.02 * rng.standard_normal(n)


@pytest.fixture(scope="module")
def fitted() -> FunctionalMotifRegressor:
    X, y = shifted_curves(120)
    return FunctionalMotifRegressor(grid=GRID, random_state=0).fit(X, y)


@pytest.fixture(scope="module")
def classified() -> FunctionalMotifClassifier:
    X, y, grid = make_curve_classes(120, random_state=1)
    names = np.array(["low", "high"])[y]
    return FunctionalMotifClassifier(grid=grid, n_components=4).fit(X, names, _covariates(y))


def _covariates(y: Any) -> pd.DataFrame:
    kind = np.where(np.arange(len(y)) % 3 == 0, "a", "b")
    return pd.DataFrame({"kind": kind, "size": np.linspace(0, 1, len(y))})


def layer(X: Matrix, grid: Matrix = GRID, **settings: Any) -> Any:
    """The front layer of a fit to curves, whose target is their mean."""
    settings = {"n_components": 3, "derivative": 0, "whitening": 0.0, "smoothing": 0.0} | settings
    y = X.mean(1) + np.linspace(0, 1, len(X))
    return FunctionalMotifRegressor(grid=grid, **settings).fit(X, y).front_


def two_waves(n: int = 40) -> tuple[Matrix, Matrix]:
    """Curves a·cos(πt) + b·cos(2πt)/2 on [0, 2], and their coefficients, which are uncorrelated."""
    angle = 2 * np.pi * np.arange(n) / n
    waves = np.stack([np.cos(np.pi * GRID), np.cos(2 * np.pi * GRID) / 2])
    coefficients = np.column_stack([np.cos(angle), np.sin(angle)])
    return 5 + coefficients @ waves, coefficients


@pytest.mark.usefixtures("short_fits")
def test_scores_are_standardised_and_keep_l2_distances() -> None:
    X, _ = two_waves()
    front = layer(X, n_components=2)
    Z = front(X)
    np.testing.assert_allclose(Z.mean(0), 0, atol=1e-10)
    np.testing.assert_allclose(Z.std(0), 1, rtol=1e-10)
    # the trapezoidal rule over a domain of length 2
    weights = np.gradient(GRID) * np.where(np.isin(GRID, GRID[[0, -1]]), 0.5, 1)
    curves, scores = X[3] - X[11], Z[3] - Z[11]
    ratio = (weights @ (X - X.mean(0)).T ** 2).mean() / (Z**2).sum(1).mean()
    np.testing.assert_allclose(weights @ curves**2, ratio * scores @ scores, rtol=1e-10)
    assert front.explained == pytest.approx(1)


@pytest.mark.usefixtures("short_fits")
def test_whitening_counts_all_components_alike() -> None:
    X, coefficients = two_waves()
    Z = layer(X, n_components=2, whitening=1.0)(X)
    # both coefficients have variance ½, so that whitened scores are a rotation of √2 times them
    np.testing.assert_allclose(Z @ Z.T, 2 * coefficients @ coefficients.T, atol=1e-9)


@pytest.mark.usefixtures("short_fits")
def test_a_share_of_the_variance_chooses_the_number_of_components() -> None:
    X, _ = two_waves()  # variances 4 : 1
    assert layer(X, n_components=0.79).n_components == 1
    assert layer(X, n_components=0.81).n_components == 2
    assert layer(X, n_components=1).explained == pytest.approx(0.8, rel=1e-2)


@pytest.mark.usefixtures("short_fits")
@pytest.mark.parametrize(("order", "removed"), [(1, 0), (2, 1)])
def test_a_derivative_does_not_see_polynomials_of_lower_degree(order: int, removed: int) -> None:
    X, _ = two_waves()
    front = layer(X, derivative=order, n_components=2)
    moved = X + 7 * (GRID / 2) ** removed
    np.testing.assert_allclose(front(moved), front(X), atol=1e-8)
    higher = X + np.exp(2 * GRID)
    assert np.abs(front(higher) - front(X)).max() > 1e-2


@pytest.mark.usefixtures("short_fits")
def test_the_derivative_is_that_of_calculus() -> None:
    grid = np.sort(np.random.default_rng(0).uniform(0, 2, 80))
    sizes = np.linspace(1, 2, 30)
    front = layer(np.outer(sizes, np.sin(np.pi * grid)), grid, derivative=1, n_components=1)
    plain = layer(np.outer(sizes, np.cos(np.pi * grid)), grid, n_components=1)
    # the score of sin as the derivative sees it is that of cos, up to sign and the spline's error
    ours, truth = (each(np.zeros((1, 80)))[0, 0] for each in (front, plain))
    assert abs(ours) == pytest.approx(abs(truth), rel=1e-9)
    a, b = front.weight.ravel() @ np.sin(np.pi * grid), plain.weight.ravel() @ np.cos(np.pi * grid)
    assert abs(a) == pytest.approx(abs(b), rel=1e-9)


@pytest.mark.usefixtures("short_fits")
def test_strong_smoothing_leaves_lines_and_a_little_of_it_the_curves() -> None:
    X, _ = two_waves()
    noisy = X + 0.2 * np.random.default_rng(0).standard_normal(X.shape)
    bent = X - X.mean(0) + np.outer(np.linspace(-1, 1, len(X)), GRID)
    front = layer(bent, smoothing=1e12, n_components=0.999)
    assert front.n_components <= 2
    kept = FunctionalMotifRegressor(grid=GRID, n_components=2).fit(noisy, X[:, 0]).front_
    assert 0 < kept.smoothing < 1


def test_the_choice_sees_through_levels() -> None:
    X, y = shifted_curves(120)
    new, truth = shifted_curves(300, seed=1)
    chosen = FunctionalMotifRegressor(grid=GRID).fit(X, y)
    assert chosen.derivative_ > 0
    error = np.sqrt(np.mean((chosen.predict(new) - truth) ** 2))
    assert error < 0.1 * truth.std()
    # broken on purpose: with shuffled targets nothing is predicted
    shuffled = np.random.default_rng(0).permutation(y)
    lost = FunctionalMotifRegressor(grid=GRID).fit(X, shuffled)
    assert lost.choice_.error > 0.9
    assert np.sqrt(np.mean((lost.predict(new) - truth) ** 2)) > 0.8 * truth.std()


@pytest.mark.usefixtures("short_fits")
def test_the_leave_one_out_error_is_that_of_fits_without_the_row() -> None:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF

    X, y = shifted_curves(25)
    model = FunctionalMotifRegressor(grid=GRID, derivative=1, n_components=3).fit(X, y)
    choice, Z = model.choice_, model.scores(X).to_numpy()
    target = (y - y.mean()) / y.std()
    process = GaussianProcessRegressor(RBF(choice.length_scale), alpha=choice.ridge, optimizer=None)
    left_out = []
    for row in range(len(y)):
        rest = np.delete(np.arange(len(y)), row)
        left_out.append(target[row] - process.fit(Z[rest], target[rest]).predict(Z[[row]])[0])
    assert choice.error == pytest.approx(np.sqrt(np.mean(np.square(left_out))), rel=1e-6)


def test_the_network_starts_as_the_model_that_chose_its_layer(
    fitted: FunctionalMotifRegressor,
) -> None:
    first = fitted.model_.ledger_[0]
    assert first.stage == "teacher"
    assert first.error == pytest.approx(fitted.choice_.error, rel=1)
    assert [row.error for row in fitted.model_.ledger_ if row.kept][-1] <= first.error


@pytest.mark.usefixtures("short_fits")
def test_same_seed_same_model_and_global_state_untouched(fitted: FunctionalMotifRegressor) -> None:
    X, y = shifted_curves(120)
    before = np.random.get_state()[1].copy()  # type: ignore[index]
    one, again = (clone(fitted).fit(X, y) for _ in range(2))
    assert (np.random.get_state()[1] == before).all()  # type: ignore[index]
    assert (again.predict(X) == one.predict(X)).all()


@pytest.mark.usefixtures("short_fits")
def test_frames_name_the_grid_and_missing_points_are_filled() -> None:
    X, y = shifted_curves(60)
    y = y + 0.2 * np.sin(np.arange(60) ** 2)  # else one score explains it, of which a fit warns
    frame = pd.DataFrame(X, columns=[f"t_{t:g}" for t in GRID])
    model = FunctionalMotifRegressor(n_components=3).fit(frame, y)
    np.testing.assert_allclose(model.grid_, GRID)
    holes = frame.copy()
    holes.iloc[::2, 5] = np.nan
    assert np.abs(model.predict(holes) - model.predict(frame)).max() < 0.5 * y.std()


def test_intervals_hold_at_new_curves(fitted: FunctionalMotifRegressor) -> None:
    new, truth = shifted_curves(300, seed=2)
    lower, upper = fitted.predict_interval(new, coverage=0.9).T
    assert 0.8 < np.mean((lower <= truth) & (truth <= upper)) <= 1


def test_classes_and_their_sets(classified: FunctionalMotifClassifier) -> None:
    new, y, _ = make_curve_classes(300, random_state=2)
    covariates, truth = _covariates(y), np.array(["low", "high"])[y]
    probabilities = classified.predict_proba(new, covariates)
    np.testing.assert_allclose(probabilities.sum(1), 1)
    predicted = classified.predict(new, covariates)
    assert (predicted == classified.classes_[probabilities.argmax(1)]).all()
    assert np.mean(predicted != truth) < 0.15
    members = classified.predict_set(new, covariates, coverage=0.95)
    assert members[np.arange(300), (truth == classified.classes_[1]).astype(int)].mean() > 0.9


@pytest.mark.parametrize(("dtype", "most"), [("float64", 1e-7), ("float32", 1e-3)])
def test_onnx_from_raw_curves(
    fitted: FunctionalMotifRegressor, tmp_path: Path, dtype: str, most: float
) -> None:
    ort = pytest.importorskip("onnxruntime")
    path = tmp_path / "curves.onnx"
    parity = fitted.to_onnx(path, dtype=dtype)
    assert parity.max_difference <= most
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    session = ort.InferenceSession(path.read_bytes())
    assert [(given.name, given.shape[1]) for given in session.get_inputs()] == [("curves", 41)]
    new, y = shifted_curves(50, seed=3)
    (got,) = session.run(None, {"curves": new.astype(dtype)})
    assert np.abs(got[:, 0] - fitted.predict(new)).max() <= most * y.std()


def test_onnx_with_covariates(classified: FunctionalMotifClassifier, tmp_path: Path) -> None:
    ort = pytest.importorskip("onnxruntime")
    new, y, _ = make_curve_classes(20, random_state=3)
    covariates, path = _covariates(y), tmp_path / "classes.onnx"
    with pytest.raises(UsageError, match="Pass X and covariates"):
        classified.to_onnx(path)
    assert not path.exists()
    classified.to_onnx(path, new, covariates)
    fed = {"curves": new} | {
        name: covariates[[name]].to_numpy(object if name == "kind" else float)
        for name in covariates
    }
    outputs = dict(
        zip(
            ["probabilities", "label"],
            ort.InferenceSession(path.read_bytes()).run(["probabilities", "label"], fed),
            strict=True,
        )
    )
    expected = classified.predict_proba(new, covariates)
    np.testing.assert_allclose(outputs["probabilities"], expected, atol=1e-9)
    assert (outputs["label"] == classified.predict(new, covariates)).all()


def test_saved_models_come_back_equal(
    fitted: FunctionalMotifRegressor, classified: FunctionalMotifClassifier, tmp_path: Path
) -> None:
    X, _ = shifted_curves(20, seed=4)
    fitted.save(tmp_path / "regressor.motif")
    loaded = load(tmp_path / "regressor.motif")
    assert (loaded.predict(X) == fitted.predict(X)).all()
    assert loaded.derivative_ == fitted.derivative_
    new, y, _ = make_curve_classes(20, random_state=3)
    classified.save(tmp_path / "classifier.motif")
    found = load(tmp_path / "classifier.motif")
    assert isinstance(found, FunctionalMotifClassifier)
    expected = classified.predict_proba(new, _covariates(y))
    assert (found.predict_proba(new, _covariates(y)) == expected).all()
    loaded.save(tmp_path / "again.motif")
    assert (load(tmp_path / "again.motif").predict(X) == fitted.predict(X)).all()


def test_other_files_are_refused(fitted: FunctionalMotifRegressor, tmp_path: Path) -> None:
    fitted.model_.save(tmp_path / "scores.motif")
    with pytest.raises(BundleError, match=r"motifnet\.load"):
        load(tmp_path / "scores.motif")
    fitted.save(tmp_path / "curves.motif")
    on_scores = motifnet.load(tmp_path / "curves.motif")
    X, _ = shifted_curves(5)
    assert (on_scores.predict(fitted.scores(X)) == fitted.predict(X)).all()


CURVES, TARGETS = shifted_curves(30)
BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "components": (lambda: fit(n_components=0), UsageError, "n_components=0"),
    "too many components": (lambda: fit(n_components=30), UsageError, "above 29"),
    "share": (lambda: fit(n_components=1.5), UsageError, "share"),
    "derivative": (lambda: fit(derivative=3), UsageError, "derivative=3"),
    "whitening": (lambda: fit(whitening=1.01), UsageError, "whitening"),
    "smoothing": (lambda: fit(smoothing=-1), UsageError, "at least 0"),
    "infinite smoothing": (lambda: fit(smoothing=np.inf), UsageError, "finite"),
    "few curves": (lambda: fit(CURVES[:3], TARGETS[:3]), DataError, "minimum of 4"),
    "equal curves": (lambda: fit(np.ones((30, 41))), DataError, "all equal"),
    "lines": (
        lambda: fit(np.outer(TARGETS, GRID), derivative=2),
        DataError,
        "no derivative",
    ),
    "NaN curve": (lambda: fit(np.full((30, 41), np.nan)), DataError, "NaN"),
    "falling grid": (lambda: fit(grid=GRID[::-1]), UsageError, "increase"),
    "NaN target": (lambda: fit(y=np.full(30, np.nan)), DataError, "y"),
    "short target": (lambda: fit(y=TARGETS[:20]), DataError, "20"),
    "covariates": (lambda: fit(covariates=np.ones(29)), DataError, "29 rows for 30"),
    "deep covariates": (lambda: fit(covariates=np.ones((30, 1, 1))), DataError, r"\(30, 1, 1\)"),
    "names": (
        lambda: fit(covariates=pd.DataFrame({"score_1": TARGETS})),
        DataError,
        "Rename",
    ),
    "one class": (
        lambda: FunctionalMotifClassifier(grid=GRID).fit(CURVES, np.zeros(30)),
        DataError,
        "class",
    ),
}


def fit(X: Any = CURVES, y: Any = TARGETS, covariates: Any = None, **settings: Any) -> Any:
    """A fit to thirty curves, with something wrong."""
    return FunctionalMotifRegressor(**{"grid": GRID, **settings}).fit(X, y, covariates)


@pytest.mark.parametrize("case", BAD)
def test_bad_input_has_our_own_errors(case: str) -> None:
    call, kind, text = BAD[case]
    with pytest.raises(kind, match=text):
        call()


def test_bad_new_curves(
    fitted: FunctionalMotifRegressor, classified: FunctionalMotifClassifier
) -> None:
    with pytest.raises(DataError, match="40"):
        fitted.predict(CURVES[:, :40])
    with pytest.raises(DataError, match="covariates"):
        fitted.predict(CURVES, covariates=TARGETS)
    with pytest.raises(DataError, match="covariates="):
        classified.predict(make_curve_classes(5, random_state=0)[0])


BY_DESIGN = {
    "check_estimators_pickle": "it leaves two observed points of a curve, which are too few",
    "check_dtype_object": "a dict in a cell is a DataError, which is a ValueError",
}
QUICK: dict[str, Any] = {"n_components": 0.9, "derivative": 0, "whitening": 0.0, "smoothing": 0.0}


@pytest.mark.slow
@parametrize_with_checks(
    [FunctionalMotifRegressor(**QUICK), FunctionalMotifClassifier(**QUICK)],
    expected_failed_checks=lambda _: BY_DESIGN,
)  # type: ignore[untyped-decorator]
def test_conventions_of_scikit_learn(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)
