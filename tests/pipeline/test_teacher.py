"""A teacher of the user's own: its network with feature layers is its network, and what is
retrained is scored on rows that it has not seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor, VotingClassifier
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, Matern, WhiteKernel
from sklearn.kernel_approximation import Nystroem
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression, Perceptron, Ridge
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.neighbors import KNeighborsRegressor, RadiusNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR, NuSVR

from motifnet import MotifClassifier, MotifRegressor, load, mimic
from motifnet.engine import Matrix, MotifnetWarning, UsageError
from motifnet.kernels import Kernel
from motifnet.pipeline import PRESETS
from motifnet.tables import Sample
from motifnet.teachers import (
    CLASSIFIERS,
    REGRESSORS,
    Coding,
    EstimatorTeacher,
    named_estimator,
    seeded_clone,
    weights_of,
)
from motifnet.teachers import KernelRidge as ConvexTeacher
from motifnet.training import (
    FeatureSettings,
    Places,
    Start,
    add_profiles,
    cross_tune,
    starts_of,
    train_feature_layers,
)
from motifnet.transfer import coded_network, read_kernel, transfer, values_of
from tests.shared.command import done, run
from tests.shared.short_presets import short

Make = Callable[[], Any]
KERNELS: dict[str, Make] = {
    "SVR": lambda: SVR(C=10.0, gamma=0.2),
    "NuSVR": lambda: NuSVR(C=10.0),
    "kernel ridge, laplacian": lambda: KernelRidge(kernel="laplacian", alpha=0.1),
    "scaled SVR": lambda: make_pipeline(StandardScaler(), SVR(C=10.0)),
    "Gaussian process": lambda: GaussianProcessRegressor(
        2.0 * RBF([1.0, 2.0, 3.0]) + WhiteKernel(0.1), optimizer=None, normalize_y=True
    ),
    "Gaussian process, Matérn": lambda: GaussianProcessRegressor(
        ConstantKernel(3.0) * Matern(1.5, nu=1.5), alpha=0.1, optimizer=None
    ),
    "Nyström": lambda: make_pipeline(
        StandardScaler(), Nystroem(gamma=0.3, n_components=40, random_state=0), Ridge(0.1)
    ),
}
OTHERS: dict[str, Make] = {
    "ridge": Ridge,
    "forest": lambda: RandomForestRegressor(20, random_state=0),
    "perceptron": lambda: MLPRegressor(
        hidden_layer_sizes=(4,), max_iter=3_000, tol=1e-2, random_state=0
    ),
    "linear kernel": lambda: SVR(kernel="linear"),
    "process of products": lambda: GaussianProcessRegressor(
        DotProduct() + RBF(), alpha=0.1, optimizer=None
    ),
}


def table(n: int = 160, seed: int = 0) -> tuple[Matrix, Matrix]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    return X, np.sin(3 * X[:, 0]) + np.abs(X[:, 1]) + 0.1 * rng.normal(size=n)


@pytest.mark.parametrize("make", OTHERS.values(), ids=OTHERS)
def test_a_network_without_a_kernel_of_distances_has_none_to_read(make: Make) -> None:
    assert read_kernel(transfer(make().fit(*table()))) is None


def test_the_kernel_is_read_with_its_amplitude_and_length_scales() -> None:
    X, y = table()
    read = read_kernel(
        transfer(
            GaussianProcessRegressor(
                4.0 * RBF([1.0, 2.0, 4.0]) + WhiteKernel(), optimizer=None
            ).fit(X, y)
        )
    )
    assert read is not None and read.kernel.profiles == ("gaussian",)
    assert read.kernel.weights == pytest.approx(
        [4.0]
    ) and read.unit_kernel.weights == pytest.approx([1.0])
    assert values_of(read.front, X) == pytest.approx(X / [1.0, 2.0, 4.0])
    assert read.kernel.rates == pytest.approx([np.sqrt(0.5)])


def test_places_make_trainings_start_alike() -> None:
    X, y = table()
    sample = Sample.plain(X, y)
    start = Start.of(read_kernel(transfer(SVR().fit(X, y))).unit_kernel, sample, 0)  # type: ignore[union-attr]
    settings = FeatureSettings(steps=0, depth=1)
    halves = [sample.rows(np.arange(len(X)) % 2 == part) for part in (0, 1)]
    one, other = (
        train_feature_layers(half, start, settings, [0, k], places=Places(X, 7))
        for k, half in enumerate(halves)
    )
    assert np.array_equal(one.knots, other.knots) and np.array_equal(
        one.trunk[0].bias, other.trunk[0].bias
    )


@pytest.mark.parametrize(
    "name", ["SVR", "scaled SVR", "Gaussian process", "Nyström", "ridge", "forest"]
)
def test_retraining_gains_on_new_rows_and_the_ledger_says_so(name: str) -> None:
    (X, y), (X_new, y_new) = table(240), table(400, 1)
    make = (KERNELS | OTHERS)[name]
    model = MotifRegressor(preset="fast", teacher=make(), profile=None).fit(X, y)
    stages = {row.stage: row for row in model.ledger_}
    assert list(stages)[:3] == ["teacher", "transferred", "feature learning"]
    assert stages["teacher"].error == stages["transferred"].error
    alone = make().fit((X - X.mean(0)) / X.std(0), y).predict((X_new - X.mean(0)) / X.std(0))
    errors = [float(np.mean((p - y_new) ** 2)) for p in (alone, model.predict(X_new))]
    assert errors[1] < errors[0]
    assert model.certificate_.on_data < 1e-9


def test_scores_of_the_teacher_have_not_seen_the_row() -> None:
    """The nearest neighbour of a copy is the copy itself: scores on rows of the fit would be
    perfect.
    """
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(120, 2)), rng.normal(size=120)
    model = MotifRegressor(preset="fast", teacher=SVR(C=1e4, gamma=50.0), profile=None).fit(X, y)
    assert model.ledger_[0].error > 0.95


@pytest.mark.usefixtures("short_fits")
def test_classes_are_taught_by_probabilities_and_by_decision_values() -> None:
    X, y = table(200)
    for n_classes in (2, 3):
        labels = np.digitize(y, np.quantile(y, np.arange(1, n_classes) / n_classes))
        for teacher in (
            SVC(),
            SVC(probability=True, random_state=0),
            LogisticRegression(),
            RandomForestClassifier(10),
        ):
            model = MotifClassifier(preset="fast", teacher=teacher, profile=None).fit(X, labels)
            assert model.predict_proba(X).shape == (200, n_classes)
            assert np.mean(model.predict(X) == labels) > 0.8


def test_the_transferred_scores_are_those_of_the_estimator() -> None:
    X, y = table()
    labels = (y > np.median(y)).astype(np.int64)
    sample = Sample.plain(X, np.asarray(2.0 * labels - 1, dtype=np.float64))
    fitted = EstimatorTeacher(
        SVC(probability=True, random_state=0), Coding(np.zeros(1), np.ones(1), 2)
    ).fit(replace(sample, labels=labels))
    assert values_of(transfer(fitted), X) == pytest.approx(fitted.predict(X), abs=1e-9)


def test_a_network_in_hand_is_retrained_on_the_rows_of_its_fit() -> None:
    (X, y), (X_new, y_new) = table(240), table(400, 1)
    X, X_new = X * [1, 10, 100] + 5, X_new * [1, 10, 100] + 5
    for make in (KERNELS["scaled SVR"], OTHERS["ridge"]):
        fitted = make().fit(X, y)
        network = mimic(fitted, X)
        better = network.retrain(X, y, estimator=fitted)
        errors = [float(np.mean((f(X_new)[:, 0] - y_new) ** 2)) for f in (network, better)]
        assert errors[1] < errors[0]
        assert better.certificate is not None and better.certificate.on_data < 1e-9
        assert [row.stage for row in better.ledger][:3] == [
            "teacher",
            "transferred",
            "feature learning",
        ]
        assert clone(fitted).get_params().keys() == fitted.get_params().keys()


@pytest.mark.usefixtures("short_fits")
def test_the_result_depends_on_neither_jobs_nor_what_the_estimator_saw_before() -> None:
    X, y = table()
    fits = [
        MotifRegressor(preset="fast", teacher=teacher, profile=None, n_jobs=jobs)
        .fit(X, y)
        .predict(X)
        for teacher, jobs in ((SVR(C=5.0), 1), (SVR(C=5.0), 2), (SVR(C=5.0).fit(X[:9], y[:9]), 1))
    ]
    assert np.array_equal(fits[0], fits[1]) and np.array_equal(fits[0], fits[2])


@pytest.mark.parametrize(
    ("teacher", "settings", "message"),
    [
        ("svc", {}, "Pass one of 'kernel ridge', 'svr', 'gp'"),
        (StandardScaler(), {}, "is no regressor"),
        (SVC(), {}, "is no regressor"),
        (SVR, {}, "is no regressor"),
        (None, {}, "is no regressor"),
        (SVR(), {"objective": "poisson"}, "squared error"),
        (SVR(), {"objective": "supnorm"}, "squared error"),
        (make_pipeline(StandardScaler(), SVR(C=-1.0)), {}, "cannot be fitted"),
        (MultiOutputRegressor(SVR()), {}, "y with shape"),
        (RadiusNeighborsRegressor(1e-9), {}, "no finite numbers"),
    ],
)
def test_what_cannot_teach_is_refused_with_the_next_step(
    teacher: Any, settings: dict[str, Any], message: str
) -> None:
    X, y = table()
    with pytest.raises(UsageError, match=message):
        MotifRegressor(teacher=teacher, **settings).fit(X, np.abs(y))


@pytest.mark.parametrize(
    "teacher", [SVR(), MultiOutputClassifier(LogisticRegression()), "ridge"], ids=str
)
def test_what_cannot_teach_classes_is_refused(teacher: Any) -> None:
    X, y = table()
    with pytest.raises(UsageError, match=r"[Pp]ass "):
        MotifClassifier(preset="fast", teacher=teacher).fit(X, y > 0)


@pytest.mark.usefixtures("short_fits")
def test_a_teacher_of_one_target_is_refused_for_two_and_one_of_two_is_retrained() -> None:
    X, y = table()
    both = np.stack([y, y**2], 1)
    with pytest.raises(UsageError, match="such as MultiOutputRegressor"):
        MotifRegressor(preset="fast", teacher=SVR()).fit(X, both)
    for teacher in (Ridge(), MultiOutputRegressor(SVR()), "gp"):
        assert (
            MotifRegressor(preset="fast", teacher=teacher, profile=None)
            .fit(X, both)
            .predict(X)
            .shape
            == both.shape
        )


@pytest.mark.parametrize(
    ("name", "classes"),
    [*((name, False) for name in REGRESSORS), *((name, True) for name in CLASSIFIERS)],
)
def test_a_name_is_a_teacher_that_mimic_takes(name: str, classes: bool) -> None:
    X, y = table(100)
    labels = np.digitize(y, np.quantile(y, [0.3, 0.6]))
    estimator = seeded_clone(named_estimator(name, classes, X.shape), 1).fit(
        X, labels if classes else y
    )
    coding = Coding(np.zeros(1), np.ones(1), 3 if classes else 0)
    assert values_of(coded_network(estimator, coding), X) == pytest.approx(
        coding.scores(estimator, X), abs=1e-8
    )


@pytest.mark.usefixtures("short_fits")
@pytest.mark.parametrize("name", ["svr", "ridge"])
def test_a_fit_takes_the_name_of_a_teacher(name: str) -> None:
    X, y = table()
    by_name = MotifRegressor(preset="fast", teacher=name, profile=None).fit(X, y)
    by_estimator = MotifRegressor(
        preset="fast", teacher=named_estimator(name, False, X.shape), profile=None
    ).fit(X, y)
    assert np.array_equal(by_name.predict(X), by_estimator.predict(X))
    assert by_name.ledger_[0].stage == "teacher"


@pytest.mark.usefixtures("short_fits")
@pytest.mark.parametrize(
    ("teacher", "n_classes"),
    [
        (Perceptron(), 3),
        (SVC(decision_function_shape="ovo"), 3),
        ("hard vote", 2),
        ("hard vote", 3),
    ],
)
def test_classifiers_without_probabilities_teach_by_values_or_labels(
    teacher: Any, n_classes: int
) -> None:
    X, y = table(200)
    if teacher == "hard vote":
        teacher = VotingClassifier(
            [
                ("a", LogisticRegression()),
                ("b", RandomForestClassifier(5, random_state=0)),
                ("c", SVC()),
            ]
        )
    labels = np.array(["low", "middle", "top"])[
        np.digitize(y, np.quantile(y, np.arange(1, n_classes) / n_classes))
    ]
    model = MotifClassifier(preset="fast", teacher=teacher, profile=None).fit(
        X, labels, groups=np.arange(200) // 4
    )
    assert np.mean(model.predict(X) == labels) > 0.8
    assert model.certificate_.on_data < 1e-9


def test_the_keyword_of_weights_is_found_behind_a_pipeline() -> None:
    scaled = TransformedTargetRegressor(SVR(), transformer=StandardScaler())
    cases = {"sample_weight": SVR(), "svr__sample_weight": make_pipeline(StandardScaler(), SVR())}
    cases |= {"transformedtargetregressor__sample_weight": make_pipeline(StandardScaler(), scaled)}
    assert [weights_of(estimator) for estimator in cases.values()] == list(cases)
    assert weights_of(scaled) == "sample_weight" and weights_of(KNeighborsRegressor()) is None


def test_weights_reach_the_clones_of_a_pipeline() -> None:
    X, y = table(80)
    sample = Sample.plain(X, y, weight=np.where(np.arange(80) < 40, 1.0, 1e-9))
    fitted = EstimatorTeacher(
        make_pipeline(StandardScaler(), Ridge(1e-3)), Coding(np.zeros(1), np.ones(1))
    ).fit(sample)
    alone = make_pipeline(StandardScaler(), Ridge(1e-3)).fit(
        X, y, ridge__sample_weight=sample.weight
    )
    assert fitted.predict(X)[:, 0] == pytest.approx(alone.predict(X))


@pytest.mark.usefixtures("short_fits")
def test_weights_that_a_teacher_does_not_take_are_said() -> None:
    X, y = table()
    with pytest.warns(MotifnetWarning, match="takes no sample_weight"):
        MotifRegressor(preset="fast", teacher=KNeighborsRegressor(), profile=None).fit(
            X, y, sample_weight=1 + (y > 0)
        )


@pytest.mark.usefixtures("short_fits")
def test_a_fit_by_the_shell_takes_a_teacher(tmp_path: Path) -> None:
    skops = pytest.importorskip("skops.io")
    X, y = table()
    pd.DataFrame(X, columns=["a", "b", "c"]).assign(y=y).to_csv(tmp_path / "rows.csv", index=False)
    skops.dump(SVR(C=10.0), tmp_path / "svr.skops")
    out = tmp_path / "m.motif"
    arguments = [
        "fit",
        str(tmp_path / "rows.csv"),
        "-t",
        "y",
        "-o",
        str(out),
        "--preset",
        "fast",
        "--force",
        "--teacher",
    ]
    for teacher in (str(tmp_path / "svr.skops"), "ridge"):
        done(*arguments, teacher)
        assert load(out).ledger_[0].stage == "teacher"
    wrong = run(*arguments, "rigde")
    assert wrong.exit_code == 2 and "'ridge'" in wrong.output


def test_compact_is_one_network_of_each_training() -> None:
    X, y = table(240)
    sample = Sample.plain(X, y)
    starts = starts_of(ConvexTeacher().fit(sample), ("laplace1", "gaussian"))
    for depth in (0, 1):
        settings = FeatureSettings(("laplace1", "gaussian"), steps=4, depth=depth)
        one, several, all_of = (
            cross_tune(sample, starts, settings, copies=copies) for copies in (1, 2, 4)
        )
        assert [len(fitted.models) for fitted in (one, several, all_of)] == [1, 2, 4]
        assert np.array_equal(one.oof, all_of.oof) and np.array_equal(several.oof, all_of.oof)
        assert np.allclose(several.models[1].predict(X), all_of.models[1].predict(X))


def test_a_compact_fit_is_smaller_and_as_good_out_of_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PRESETS, "balanced", replace(short("balanced"), folds=4))
    X, y = table(240)
    compact, full = (
        MotifRegressor(size=size, profile=None).fit(X, y) for size in ("compact", "full")
    )
    rows = [{row.stage: row for row in model.ledger_} for model in (compact, full)]
    assert compact.card_.parameters < full.card_.parameters
    assert rows[0]["feature layers"].error == pytest.approx(
        rows[1]["feature layers"].error, rel=1e-6
    )
    before = [row for row in compact.ledger_ if row.kept and row.stage != "compact"][-1]
    assert rows[0]["compact"].error <= 1.0051 * before.error
    with pytest.raises(UsageError, match="size='tiny'"):
        MotifRegressor(size="tiny").fit(X, y)


def test_further_profiles_stand_beside_a_kernel_at_its_length_scale() -> None:
    kernel = Kernel(("gaussian",), np.ones(1), np.array([0.5]))
    wider = add_profiles(kernel, ("laplace1", "gaussian", "laplace2"), {1: 4.0, 2: 2.0})
    assert wider.profiles == ("gaussian", "laplace1", "laplace2")
    assert wider.weights == pytest.approx([0.5, 0.25, 0.25]) and wider.rates == pytest.approx(
        [0.5, 0.25, 0.5]
    )
    assert add_profiles(kernel, ("gaussian",), {1: 4.0, 2: 2.0}) is kernel
