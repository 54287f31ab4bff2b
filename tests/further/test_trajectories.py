"""The Fréchet kernel: alignments and their mean by enumeration, clipping, conventions, bad input."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path as FilePath
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC, SVR

from motifnet.engine import DataError, Matrix, UsageError
from motifnet.trajectories import FrechetKernel, frechet_kernel, mimic_tracks

Path = tuple[tuple[int, int], ...]
BETAS = (0, 0.5, 1.0, 10.0, 100.0, math.inf)


def tracks(count: int, seed: int = 0, d: int = 2, most: int = 9) -> list[Matrix]:
    rng = np.random.default_rng(seed)
    return [
        rng.normal(size=(n, d)).cumsum(0) / 3 + rng.normal(size=d)
        for n in rng.integers(3, most + 1, count)
    ]


def waves(count: int, least: int = 8, most: int = 13) -> tuple[list[Matrix], NDArray[Any]]:
    """Noisy sines of two classes, which differ in phase."""
    rng, labels = np.random.default_rng(0), np.arange(count) % 2
    found = []
    for label, n in zip(labels, rng.integers(least, most + 1, count), strict=True):
        u = np.linspace(0, 1, n)
        wave = np.column_stack([u, np.sin(2 * np.pi * (u + 0.15 * label))])
        found.append(wave + 0.2 * rng.normal(size=(n, 2)))
    return found, labels


@cache
def alignments(n: int, m: int) -> list[Path]:
    """All of them, by recursion."""
    if n < 1 or m < 1:
        return []
    if n == m == 1:
        return [((0, 0),)]
    earlier = alignments(n - 1, m) + alignments(n, m - 1) + alignments(n - 1, m - 1)
    return [(*path, (n - 1, m - 1)) for path in earlier]


def enumerated(x: Matrix, y: Matrix, gamma: float, beta: float) -> float:
    """The kernel by its definition."""
    e = np.exp(-((x[:, None] - y) ** 2).sum(-1) / gamma)
    values = [np.array([e[cell] for cell in path]) for path in alignments(len(x), len(y))]
    if math.isinf(beta):
        return float(np.mean([v.min() for v in values]))
    return float(np.mean([(v * np.exp(-beta * v)).sum() / np.exp(-beta * v).sum() for v in values]))


def raw(T1: Any, T2: Any = None, **settings: Any) -> Matrix:
    return frechet_kernel(T1, T2, **{"normalize": False, "psd": None, "gamma": 0.7} | settings)


# identities


@pytest.mark.parametrize("beta", BETAS)
def test_exact_value_is_the_mean_over_all_alignments(beta: float) -> None:
    T = tracks(6, most=6)
    expected = [[enumerated(x, y, 0.7, beta) for y in T] for x in T]
    assert np.abs(raw(T, beta=beta, exact=True) - expected).max() < 1e-12


@pytest.mark.parametrize("beta", BETAS)
def test_sampled_values_agree_with_exact_ones(beta: float) -> None:
    T = tracks(20, seed=1, most=12)
    pairs = [(T[2 * i], T[2 * i + 1]) for i in range(10)]
    for x, y in pairs:
        exact = raw([x], [y], beta=beta, exact=True)
        assert abs(raw([x], [y], beta=beta, n_alignments=2000) - exact) < 0.01


def test_few_alignments_do_not_agree() -> None:
    """The tolerance above is one that a small sample misses."""
    T = tracks(20, seed=1, most=12)
    differences = np.abs(raw(T, n_alignments=2) - raw(T, exact=True))
    assert differences.max() > 0.01


def test_mean_over_samples_is_unbiased() -> None:
    T = tracks(2, seed=3, most=8)
    each = [raw(T[:1], T[1:], n_alignments=20, random_state=s)[0, 0] for s in range(100)]
    error = np.std(each) / np.sqrt(len(each))
    assert abs(np.mean(each) - raw(T[:1], T[1:], exact=True)[0, 0]) < 4 * error


def test_one_point_has_one_alignment() -> None:
    x, y = np.array([[0.0, 1.0]]), np.array([[1.0, 1.0], [0.0, 1.0]])
    e = np.exp(-np.array([1.0, 0.0]) / 0.7)
    assert raw([x], [y], beta=0)[0, 0] == pytest.approx(e.mean(), abs=1e-15)
    assert raw([x], [y], beta=math.inf, exact=True)[0, 0] == pytest.approx(e.min(), abs=1e-15)


@pytest.mark.parametrize("exact", [False, True])
def test_gram_matrix_is_symmetric_and_so_are_cross_values(exact: bool) -> None:
    T = tracks(12) + [x[::-1] for x in tracks(4)]  # equal lengths among them
    whole = raw(T, exact=exact)
    assert np.array_equal(whole, whole.T)
    assert np.abs(raw(T, T, exact=exact) - whole).max() < 1e-14
    assert np.abs(raw(T[:5], T[5:], exact=exact) - whole[:5, 5:]).max() < 1e-14


def test_kernel_does_not_depend_on_place_and_scale_with_the_median() -> None:
    T = tracks(10)
    moved = [3.0 * x + 7.0 for x in T]
    assert np.allclose(frechet_kernel(T), frechet_kernel(moved), atol=1e-10)


@pytest.mark.parametrize("beta", [1.0, 10.0])
def test_clipped_gram_matrix_is_a_kernel(beta: float) -> None:
    T, _ = waves(40)
    plain = frechet_kernel(T, gamma=1.0, beta=beta, psd=None)
    assert np.linalg.eigvalsh(plain)[0] < -1e-3  # there is something to clip
    gram = frechet_kernel(T, gamma=1.0, beta=beta)
    assert np.linalg.eigvalsh(gram)[0] > -1e-10
    assert np.array_equal(gram, gram.T)
    assert np.allclose(gram.diagonal(), 1, atol=1e-12)


@pytest.mark.parametrize("normalize", [True, False])
def test_new_tracks_are_clipped_like_those_of_the_fit(normalize: bool) -> None:
    T, _ = waves(30)
    settings: dict[str, Any] = {"gamma": 1.0, "beta": 10.0, "normalize": normalize}
    gram = frechet_kernel(T, **settings)
    assert np.abs(frechet_kernel(T[3:9], T, **settings) - gram[3:9]).max() < 1e-8
    new = frechet_kernel(tracks(5, seed=9), T, **settings)
    assert np.isfinite(new).all()
    assert not normalize or np.abs(new).max() <= 1 + 1e-12
    values, vectors = np.linalg.eigh(frechet_kernel(T, psd=None, **settings))
    clipped = vectors * np.maximum(values, 0) @ vectors.T
    scale = np.sqrt(clipped.diagonal()) if normalize else np.ones(30)
    assert np.abs(gram - clipped / np.outer(scale, scale)).max() < 1e-8


def test_unclipped_values_are_normalised_by_the_diagonal() -> None:
    T = tracks(8)
    plain = raw(T)
    scale = np.sqrt(plain.diagonal())
    expected = plain / np.outer(scale, scale)
    assert np.allclose(frechet_kernel(T, gamma=0.7, psd=None), expected, atol=1e-14)


# conventions


def test_chunks_and_groups_do_not_change_a_value() -> None:
    T = tracks(30, d=1, most=20)
    whole = raw(T)
    for i, j in ((0, 1), (5, 20), (29, 2)):
        assert abs(raw([T[i]], [T[j]])[0, 0] - whole[i, j]) < 1e-13


def test_long_frame_is_the_list_of_tracks() -> None:
    T = tracks(5)
    frame = pd.concat(
        [
            pd.DataFrame({"id": f"s{i}", "time": np.arange(len(x)), "x": x[:, 0], "y": x[:, 1]})
            for i, x in enumerate(T)
        ]
    )
    expected = frechet_kernel(T)
    assert np.array_equal(frechet_kernel(frame), expected)
    # the order of rows within a track is that of time; ids come in the order of their first row
    shuffled = frame.groupby("id", sort=False)[["id", "time", "x", "y"]].sample(
        frac=1, random_state=0
    )
    assert np.array_equal(frechet_kernel(shuffled), expected)
    assert np.array_equal(
        frechet_kernel(frame.rename(columns={"id": "bird", "time": "hour"})), expected
    )
    polars = pytest.importorskip("polars")
    assert np.array_equal(frechet_kernel(polars.from_pandas(frame)), expected)


def test_pipeline_with_support_vectors() -> None:
    T, labels = waves(50)
    model = make_pipeline(FrechetKernel(), SVC(kernel="precomputed"))
    grid = {"frechetkernel__beta": [1.0, 10.0]}
    search = GridSearchCV(model, grid, cv=3).fit(T[:30], labels[:30])
    assert search.best_score_ > 0.85
    assert search.score(T[30:], labels[30:]) >= 0.85


# networks


@pytest.mark.parametrize(
    ("kernel", "last"),
    [
        (FrechetKernel(n_alignments=20), SVC(kernel="precomputed")),
        (FrechetKernel(n_alignments=7, psd=None), LogisticRegression()),
        (FrechetKernel(beta=10, n_alignments=20, normalize=False), SVR(kernel="precomputed")),
        (FrechetKernel(n_alignments=20), None),
    ],
)
def test_network_is_the_pipeline(kernel: FrechetKernel, last: Any) -> None:
    T, labels = waves(24, 5, 7)
    model = make_pipeline(clone(kernel), *([] if last is None else [last])).fit(T, labels)
    same = [x for x in waves(40, 4, 7)[0] if len(x) == 6]
    network = mimic_tracks(model, same)
    names = ("predict_proba", "decision_function", "predict", "transform")
    method = next(name for name in names if hasattr(model, name))
    expected = np.reshape(getattr(model, method)(same), (len(same), -1))
    assert np.abs(network(np.reshape(same, (len(same), -1))) - expected).max() < 1e-10


def test_file_is_the_network(tmp_path: FilePath) -> None:
    import onnxruntime

    T, labels = waves(16, 5, 6)
    model = make_pipeline(FrechetKernel(n_alignments=10), SVC(kernel="precomputed")).fit(T, labels)
    rows = np.array([x for x in T if len(x) == 6]).reshape(-1, 12)
    mimic_tracks(model, rows.reshape(-1, 6, 2)).to_onnx(tmp_path / "tracks.onnx", X=rows)
    session = onnxruntime.InferenceSession(tmp_path / "tracks.onnx")
    (found,) = session.run(None, {session.get_inputs()[0].name: rows})
    assert np.abs(found[:, 0] - model.decision_function(rows.reshape(-1, 6, 2))).max() < 1e-10


def test_what_has_no_network_is_refused() -> None:
    T, labels = waves(12, 5, 6)
    same, vectors = [x for x in T if len(x) == 5], SVC(kernel="precomputed")

    def fitted(kernel: FrechetKernel, y: Any = labels) -> Any:
        return make_pipeline(kernel, clone(vectors)).fit(T, y)

    for model, given, match in (
        (fitted(FrechetKernel(exact=True)), same, "exact=True"),
        (fitted(FrechetKernel(beta=math.inf)), same, "beta=inf"),
        (fitted(FrechetKernel()), T, "lengths from 5 to 6"),
        (fitted(FrechetKernel(), np.arange(12) % 3), same, "has 3 classes"),
        (make_pipeline(FrechetKernel(), vectors), same, "not fitted"),
        (SVC(), same, "needs a FrechetKernel"),
    ):
        with pytest.raises(UsageError, match=match):
            mimic_tracks(model, given)
    with pytest.raises(DataError, match="two or more"):
        mimic_tracks(fitted(FrechetKernel()), same[:1])


def test_same_seed_same_kernel_and_no_state_is_touched() -> None:
    T, state = tracks(8), np.random.get_state()[1].copy()  # type: ignore[index]
    kernel = FrechetKernel(random_state=4)
    assert np.array_equal(kernel.fit_transform(T), clone(kernel).fit_transform(T))
    assert not np.array_equal(kernel.fit_transform(T), frechet_kernel(T, random_state=5))
    assert np.array_equal(state, np.random.get_state()[1])  # type: ignore[index]


# bad input

GOOD = np.zeros((3, 2))


@pytest.mark.parametrize(
    ("T", "match"),
    [
        ([GOOD, np.empty((0, 2))], r"T1\[1\] is an empty track"),
        ([GOOD, [[0.0, np.nan]]], r"T1\[1\] has NaN or infinity in 1 of 1 points"),
        ([GOOD, np.zeros((3, 1))], r"T1\[1\] has 1 coordinates, and others have 2"),
        ([np.zeros(3)], r"shape \(3,\); expected \(L, d\)"),
        ([[["a", "b"]]], "not numbers"),
        ([], "holds no track"),
        (3.0, "Pass a list of arrays"),
        (np.zeros((3, 2)), "Pass a list of arrays"),
        ([GOOD, GOOD], "no scale for a kernel"),
        (pd.DataFrame({"id": [1], "time": [0]}), "at least one coordinate"),
        (pd.DataFrame({"id": [1, 1], "time": [0, 0], "x": [1.0, 2]}), "two points of track 1"),
        (pd.DataFrame({"id": [1, None], "time": [0, 1], "x": [1.0, 2]}), "1 missing values"),
        (pd.DataFrame({"id": [1, 1], "time": [0, 1], "x": [1.0, None]}), "Track 1 of T1 has NaN"),
        (pd.DataFrame({"id": [1, 1], "time": [0, 1], "x": ["a", "b"]}), "not numbers"),
    ],
)
def test_wrong_tracks(T: Any, match: str) -> None:
    with pytest.raises(DataError, match=match):
        frechet_kernel(T)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"gamma": 0}, "gamma=0 must be a positive number"),
        ({"gamma": "mean"}, "gamma='mean'"),
        ({"beta": -1}, "beta=-1"),
        ({"beta": 101}, "beta=inf for the minimum"),
        ({"n_alignments": 0}, "n_alignments=0"),
        ({"psd": "flip"}, "psd='flip'"),
        ({"random_state": -1}, "random_state=-1"),
    ],
)
def test_wrong_settings(settings: dict[str, Any], match: str) -> None:
    with pytest.raises(UsageError, match=match):
        frechet_kernel(tracks(3), **settings)


def test_new_tracks_of_another_space() -> None:
    with pytest.raises(DataError, match=r"T1\[0\] has 3 coordinates, and others have 2"):
        frechet_kernel(tracks(2, d=3), tracks(3))


def test_one_class_is_refused_by_the_classifier() -> None:
    with pytest.raises(ValueError, match="class"):
        make_pipeline(FrechetKernel(), SVC(kernel="precomputed")).fit(tracks(4), [1] * 4)
