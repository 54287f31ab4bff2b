"""Densities: cells, partitions, kernel densities in closed form, the choice, and bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from motifnet.density import PartitionDensity
from motifnet.engine import DataError, Matrix, UsageError

ROWS = np.array([0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0])
COLUMNS = np.array([0, 1, 0, 1, 1, 0, 0, 1])
BLOCKS = np.array([[1.8, 0.2], [0.2, 1.8]])
UNIT = ((0.0, 1.0), (0.0, 1.0))


def strips(n: int, seed: int) -> Matrix:
    """12 x 8 scattered strips of two classes a side."""
    rng = np.random.default_rng(seed)
    masses = BLOCKS[np.ix_(ROWS, COLUMNS)].ravel()
    row, column = np.divmod(rng.choice(96, n, p=masses / masses.sum()), 8)
    return np.column_stack([(row + rng.random(n)) / 12, (column + rng.random(n)) / 8])


def smooth(n: int, seed: int) -> Matrix:
    """A ridge of two Gaussian hills, cut to the unit square."""
    rng = np.random.default_rng(seed)
    points = rng.normal(np.where(rng.random((2 * n, 1)) < 0.5, 0.35, 0.65), 0.15, (2 * n, 2))
    return points[((points > 0) & (points < 1)).all(1)][:n]


def midpoints(n: int, d: int = 2) -> Matrix:
    ticks = (np.arange(n) + 0.5) / n
    return np.stack(np.meshgrid(*[ticks] * d, indexing="ij"), -1).reshape(-1, d)


def mixed(n: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    town = rng.choice(["Bonn", "Kiel", "Ulm"], n)
    return pd.DataFrame({"town": town, "area": rng.normal(np.where(town == "Ulm", 3, 0), 1)})


# identities


@pytest.mark.parametrize("method", ["partition", "histogram", "kde", "cv"])
@pytest.mark.parametrize("d", [1, 2, 3])
def test_density_integrates_to_one(method: Any, d: int) -> None:
    X = np.random.default_rng(0).beta(2, 3, (200, d))
    model = PartitionDensity(n_bins=16, method=method, bounds=((0, 1),) * d).fit(X)
    # cells of all methods are unions of those of this grid: 2 to 16 bins, or 64 to 1024
    size = {1: 1024, 2: 256, 3: 64}[d]
    total = np.exp(model.score_samples(midpoints(size, d))).sum() / size**d
    assert abs(total - 1) < 1e-12


def test_histogram_is_counts_and_one_uniform_row() -> None:
    X = np.array([[0.1], [0.2], [0.3], [0.9]])
    model = PartitionDensity(n_bins=2, method="histogram", bounds=[(0, 1)]).fit(X)
    expected = np.array([(3 + 0.5) / 5, (1 + 0.5) / 5]) / 0.5
    assert np.allclose(np.exp(model.score_samples([[0.4], [0.6]])), expected, rtol=1e-14)


def test_kernel_density_is_the_sum_of_reflected_kernels() -> None:
    X = np.random.default_rng(1).beta(1, 2, (300, 1))
    model = PartitionDensity(method="kde", bounds=[(0, 1)]).fit(X)
    h = model.parts_[0][1].candidate.width * X.std() * 300 ** (-1 / 5)
    grid = midpoints(1024, 1)[:, 0]
    images = np.concatenate([k + s * X[:, 0] for k in (-2, 0, 2) for s in (1, -1)])
    direct = norm.pdf((grid[:, None] - images) / h).sum(1) / h / 300
    direct = (300 * direct + 1) / 301
    assert np.abs(np.exp(model.score_samples(grid[:, None])) / direct - 1).max() < 2e-3


def test_blocks_hold_the_mean_of_their_histogram() -> None:
    X = strips(2000, 0)
    model = PartitionDensity(n_bins=24, n_blocks=2, method="partition", bounds=UNIT).fit(X)
    histogram = PartitionDensity(n_bins=24, method="histogram", bounds=UNIT).fit(X)
    grid = midpoints(24)
    ours, plain = (np.exp(m.score_samples(grid)).reshape(24, 24) for m in (model, histogram))
    for a in range(2):
        for b in range(2):
            block = np.ix_(model.row_labels_ == a, model.column_labels_ == b)
            assert np.allclose(ours[block], plain[block].mean(), rtol=1e-12)


def test_units_are_those_of_the_columns() -> None:
    X, scale = strips(500, 0), np.array([10.0, 0.1])
    one = PartitionDensity(24, bounds=UNIT).fit(X)
    two = PartitionDensity(24, bounds=((0, 10), (0, 0.1))).fit(X * scale)
    difference = one.score_samples(X) - two.score_samples(X * scale)
    assert np.allclose(difference, np.log(scale.prod()), atol=1e-12)


def test_categories_have_one_bin_each() -> None:
    table = mixed(400)
    model = PartitionDensity(n_bins=32, method="histogram").fit(table)
    (axis, area) = model.axes_
    assert axis.levels == ("Bonn", "Kiel", "Ulm")
    ticks = area.edges(32)[:-1] + area.measure(32) / 2
    grid = pd.DataFrame(
        [(town, tick) for town in axis.levels for tick in ticks], columns=table.columns
    )
    density = np.exp(model.score_samples(grid)).reshape(3, 32) * area.measure(32)
    assert abs(density.sum() - 1) < 1e-12
    shares = table.town.value_counts(normalize=True).sort_index().to_numpy()
    assert np.allclose(density.sum(1), (400 * shares + 1 / 3) / 401)


def test_tree_of_four_columns_integrates_to_one() -> None:
    rng = np.random.default_rng(0)
    first = rng.random(300)
    X = np.column_stack([first, (first + rng.random(300)) / 2, rng.random(300), 1 - first])
    model = PartitionDensity(n_bins=8, n_blocks=2, method="partition", bounds=((0, 1),) * 4).fit(X)
    total = np.exp(model.score_samples(midpoints(8, 4))).mean()
    assert abs(total - 1) < 1e-12
    assert model.chosen_ == "tree"
    assert {frozenset(group) for group, _ in model.parts_} >= {frozenset((0, 3)), frozenset((0, 1))}


@pytest.mark.parametrize("d", [2, 5])
def test_samples_have_the_density(d: int) -> None:
    X = np.hstack([strips(2000, 0), np.random.default_rng(1).random((2000, d - 2))])
    model = PartitionDensity(n_bins=24, n_blocks=2, method="partition").fit(X)
    new = model.sample(4000, random_state=1)
    assert new.shape == (4000, d)
    assert np.isfinite(model.score_samples(new)).all()
    # both are means of log p under (nearly) the same law
    assert abs(model.score(new) - model.score(model.sample(4000, random_state=2))) < 0.1
    assert np.array_equal(new, model.sample(4000, random_state=1))
    row, column = (new[:, :2] * [12, 8]).astype(int).T
    high = ROWS[np.minimum(row, 11)] == COLUMNS[np.minimum(column, 7)]
    assert abs(high.mean() - 0.9) < 0.03


# what it is for


def test_strips_are_found() -> None:
    X = strips(2000, 3)
    grid = midpoints(96)
    truth = BLOCKS[np.ix_(ROWS, COLUMNS)]
    truth = (truth / truth.mean())[(grid[:, 0] * 12).astype(int), (grid[:, 1] * 8).astype(int)]
    errors = {
        method: np.mean(
            (np.exp(PartitionDensity(method=method).fit(X).score_samples(grid)) - truth) ** 2
        )
        for method in ("cv", "kde")
    }
    assert errors["cv"] <= 0.2 * errors["kde"]
    model = PartitionDensity().fit(X)
    assert model.chosen_ == "partition"
    assert "partition (" in model.sentence_ and "kernel density" in model.sentence_


def test_labels_are_exact_at_8000() -> None:
    model = PartitionDensity(n_blocks=2).fit(strips(8000, 0))
    for labels, truth in ((model.row_labels_, ROWS), (model.column_labels_, COLUMNS)):
        strip = truth[((np.arange(len(labels)) + 0.5) / len(labels) * len(truth)).astype(int)]
        assert np.array_equal(labels ^ labels[0], strip ^ strip[0])


def test_shuffled_rows_lose_the_strips() -> None:
    X = strips(2000, 0)
    X[:, 1] = np.random.default_rng(0).permutation(X[:, 1])
    scores = PartitionDensity().fit(X).scores_
    assert scores["partition"] > -1.2  # the dependence alone gives −1.6


@pytest.mark.parametrize("seed", range(2))
def test_smooth_density_is_left_to_the_kernel(seed: int) -> None:
    assert PartitionDensity().fit(smooth(2000, seed)).chosen_ == "kde"


def test_blocks_of_a_tensor() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 12, (40_000, 3))
    even = np.isin(codes, [0, 3, 4, 7, 9]).sum(1) % 2 == 0
    X = ((codes + rng.random(codes.shape)) / 12)[even]
    model = PartitionDensity(n_bins=12, n_blocks=2, rank=2, method="partition").fit(X)
    for labels in model.labels_:
        found = set(np.flatnonzero(labels == labels[0]).tolist())
        assert found == {0, 3, 4, 7, 9}
    assert PartitionDensity(n_bins=12).fit(X[:3000]).chosen_ == "partition"


def test_same_seed_same_density_and_no_state_is_touched() -> None:
    X, state = strips(300, 0), np.random.get_state()[1].copy()  # type: ignore[index]
    first = PartitionDensity(16, 2, random_state=3).fit(X).score_samples(X)
    assert np.array_equal(
        first, clone(PartitionDensity(16, 2, random_state=3)).fit(X).score_samples(X)
    )
    assert np.array_equal(state, np.random.get_state()[1])  # type: ignore[index]


def test_outside_is_minus_infinity_and_inside_is_not() -> None:
    model = PartitionDensity(16, bounds=UNIT).fit(strips(200, 0) * 0.5)
    assert np.isfinite(model.score_samples(midpoints(50))).all()
    assert np.isneginf(model.score_samples([[1.1, 0.5], [0.5, -0.1]])).all()
    table = PartitionDensity(16).fit(mixed(200))
    assert np.isneginf(table.score_samples(pd.DataFrame({"town": ["Rom"], "area": [0.0]}))).all()


def test_frames_come_back_as_frames() -> None:
    table = mixed(200)
    drawn = PartitionDensity(16).fit(table).sample(50, random_state=0)
    assert list(drawn.columns) == ["town", "area"]
    assert set(drawn.town) <= set(table.town)


def test_plot() -> None:
    X = strips(500, 0)
    for d, data in ((1, X[:, :1]), (2, X), (3, np.column_stack([X, X[::-1, 0]])), (0, mixed(200))):
        axes = PartitionDensity(n_bins=12, n_blocks=2, method="partition").fit(data).plot()
        assert axes.get_xlabel(), d
    with pytest.raises(UsageError, match="not in one part"):
        PartitionDensity(method="histogram").fit(X).plot((0, 5))


# bad input


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"n_bins": 0}, "n_bins=0 must be a whole number"),
        ({"n_bins": 2000}, "more than 1024"),
        ({"n_blocks": "auto"}, "n_blocks='auto' must be"),
        ({"rank": 1.5}, "rank=1.5 must be"),
        ({"method": "best"}, "method='best' must be one of"),
        ({"bounds": [(0, 1)]}, "bounds has 1 entries and X has 2"),
        ({"bounds": [(0, 1), (1, 0)]}, "must be"),
        ({"bounds": [(0, 1), (0, 0.5)]}, "outside of its bounds"),
        ({"random_state": "a"}, "random_state='a'"),
    ],
)
def test_wrong_settings(settings: dict[str, Any], match: str) -> None:
    with pytest.raises((UsageError, DataError), match=match):
        PartitionDensity(**settings).fit(strips(100, 0))


@pytest.mark.parametrize(
    ("X", "match"),
    [
        ([[0.0, np.nan], [1, 2]], "contains NaN in 1 of 2 rows"),
        ([[0.0, np.inf], [1, 2]], "contains infinity"),
        ([[0.0, 1.0], [1, 1]], "one value 1"),
        ([1.0, 2.0], "Reshape your data"),
        (np.empty((0, 2)), "at least one row"),
        (np.array([[1j, 2]]), "Complex"),
        (pd.DataFrame({"a": ["x", None]}), "contains NaN"),
    ],
)
def test_wrong_tables(X: Any, match: str) -> None:
    with pytest.raises(DataError, match=match):
        PartitionDensity().fit(X)


def test_wrong_columns_after_the_fit() -> None:
    model = PartitionDensity(16).fit(mixed(100))
    with pytest.raises(DataError, match="feature names"):
        model.score_samples(mixed(5)[["area", "town"]])
    with pytest.raises(DataError, match="expecting 2 features"):
        PartitionDensity(16).fit(strips(100, 0)).score_samples([[0.1]])
    with pytest.raises(DataError, match="was numbers at the fit"):
        model.score_samples(pd.DataFrame({"town": ["Ulm"], "area": ["wide"]}))
    with pytest.raises(UsageError, match="numbers only"):
        PartitionDensity(method="kde").fit(mixed(100))


@parametrize_with_checks(  # type: ignore[untyped-decorator]
    [PartitionDensity(n_bins=8, n_blocks=2, rank=1, method="partition")]
)
def test_scikit_learn_conventions(estimator: Any, check: Any) -> None:
    check(estimator)
