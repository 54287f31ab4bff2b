"""The parts of a fit to a file: order of sums, draws, the last layer on all rows, trees, the memory plan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from motifnet import MotifRegressor
from motifnet.engine import (
    MB,
    MemoryPlan,
    ResourceError,
    available_memory,
    ordered_map,
    ordered_sum,
    resident_memory,
)
from motifnet.kernels import AllRows, leverage_landmarks, ridge_leverages, solve_ridge
from motifnet.motifs import Affine
from motifnet.pipeline import RegressionGoal, Roles, grow_trees, plan_memory, with_validation_rows
from motifnet.structure import Part, numpy_of
from motifnet.tables import BLOCK_ROWS, Block, Sample, SampleRows, open_stream, read_table
from tests.pipeline.taxis import KERNEL, taxis

# sums and draws


@pytest.mark.parametrize("n_jobs", [1, 2, 3])
def test_a_sum_over_blocks_is_taken_in_their_order(n_jobs: int) -> None:
    blocks = [np.random.default_rng(b).normal(size=50) * 10.0**b for b in range(12)]
    expected = blocks[0].copy()
    for block in blocks[1:]:
        expected += block
    assert (ordered_sum(blocks, lambda block: (block,), n_jobs)[0] == expected).all()
    assert ordered_sum([], lambda block: (block,), n_jobs) == ()


def test_blocks_are_drawn_as_they_are_needed() -> None:
    drawn = []
    results = ordered_map(lambda b: b, (drawn.append(b) or b for b in range(100)), 2)  # type: ignore[func-returns-value]
    assert next(results) == 0 and len(drawn) <= 3
    assert [0, *results] == list(range(100))


def test_draws_are_uniform_and_do_not_depend_on_blocks() -> None:
    whole = Block(0, 30_000, None).draws(3)
    parts = np.concatenate([Block(0, 7, None).draws(3), Block(7, 29_993, None).draws(3)])
    assert (whole == parts).all() and (whole >= 0).all() and (whole < 1).all()
    counts = np.histogram(whole, 20, (0, 1))[0]
    # chi-squared, 19 degrees of freedom, 99.9 %
    assert ((counts - 1_500) ** 2 / 1_500).sum() < 43.8
    assert abs(np.corrcoef(whole, Block(0, 30_000, None).draws(4))[0, 1]) < 0.025
    assert abs(np.corrcoef(whole[1:], whole[:-1])[0, 1]) < 0.025


@pytest.mark.parametrize("name", ["taxis.parquet", "taxis.csv", "taxis.tsv.gz"])
def test_the_blocks_of_a_file_are_the_file(folder: Path, name: str) -> None:
    stream = open_stream(folder / name)
    blocks = list(stream.blocks())
    assert stream.n == 6_000 and [b.count for b in blocks] == [BLOCK_ROWS, 6_000 - BLOCK_ROWS]
    pd.testing.assert_frame_equal(stream.frame([b.raw for b in blocks]), read_table(folder / name))
    some, draws = stream.sample(lambda u: u < 0.1, 0)
    rows = np.concatenate([b.draws(0) for b in blocks]) < 0.1
    pd.testing.assert_frame_equal(
        some.reset_index(drop=True), read_table(folder / name)[rows].reset_index(drop=True)
    )
    assert len(draws) == len(some) and (draws < 0.1).all()


@pytest.mark.parametrize("label", [None, "ride"])
def test_row_labels_are_no_column(tmp_path: Path, label: str | None) -> None:
    # shuffled labels are written as a column
    frame = taxis(60).sample(frac=1, random_state=0).rename_axis(label)
    frame.to_parquet(tmp_path / "t.parquet")
    stream = open_stream(tmp_path / "t.parquet")
    assert stream.names == tuple(frame)
    pd.testing.assert_frame_equal(stream.frame([b.raw for b in stream.blocks()]), frame)


@pytest.mark.parametrize(
    ("n", "sample", "trees"),
    [
        (1_000, 20_000, 200_000),
        (53_940, 20_000, 200_000),
        (10**6, 20_000, 200_000),
        (10**8, 20_000, 10),
    ],
)
def test_roles_do_not_overlap(n: int, sample: int, trees: int) -> None:
    roles = Roles.of(n, sample, trees)
    assert 0 < roles.validation < roles.test < roles.sample <= roles.trees <= 1
    assert (roles.sample - roles.test) * n <= sample + 1


# the last layer


def rows(n: int = 90, d: int = 3) -> tuple[torch.Tensor, np.ndarray]:
    rng = np.random.default_rng(5)
    X = rng.normal(size=(n, d))
    return torch.as_tensor(X), np.column_stack(
        [np.sin(2 * X[:, 0]) + 0.1 * rng.normal(size=n), X[:, 1]]
    )


def test_with_every_row_a_centre_the_last_layer_is_kernel_ridge_regression() -> None:
    Z, y = rows()
    layer = AllRows(KERNEL.gram, Z)
    S, s = ordered_sum([slice(0, 40), slice(40, 90)], lambda part: layer.terms(Z[part], y[part]))
    gamma = layer.solve(S, s, 0.1)
    dual, b = solve_ridge(
        KERNEL.gram(Z, Z), torch.as_tensor(y), torch.full((90,), 0.1, dtype=torch.float64)
    )
    np.testing.assert_allclose(gamma[:-1], dual.numpy(), atol=1e-6)
    np.testing.assert_allclose(gamma[-1], b.numpy(), atol=1e-6)


def test_with_few_centres_it_has_the_least_penalised_error() -> None:
    Z, y = rows()
    layer = AllRows(KERNEL.gram, Z[::9])
    S, s = layer.terms(Z, y)
    gamma, K = layer.solve(S, s, 0.3), KERNEL.gram(Z[::9], Z[::9]).numpy()
    features = np.column_stack([KERNEL.gram(Z, Z[::9]).numpy(), np.ones(90)])
    penalty = np.zeros((11, 11))
    penalty[:-1, :-1] = 0.3 * K
    np.testing.assert_allclose(features.T @ (features @ gamma - y) + penalty @ gamma, 0, atol=1e-8)


def test_the_ridge_is_chosen_by_other_rows() -> None:
    Z, y = rows(400)
    layer = AllRows(KERNEL.gram, Z[:100])
    sums = layer.terms(Z[:200], y[:200])
    ridge, gamma = layer.choose(*sums, Z[200:], y[200:])
    features = np.column_stack([KERNEL.gram(Z[200:], Z[:100]).numpy(), np.ones(200)])
    errors = [
        ((features @ layer.solve(*sums, lam) - y[200:]) ** 2).sum()
        for lam in (ridge / 10, ridge, ridge * 10)
    ]
    assert errors[1] == min(errors)
    np.testing.assert_array_equal(gamma, layer.solve(*sums, ridge))


def test_leverages_are_those_of_the_smoother() -> None:
    Z, _ = rows()
    K = KERNEL.gram(Z, Z)
    expected = (K @ torch.linalg.inv(K + 0.1 * torch.eye(90))).diagonal()
    np.testing.assert_allclose(ridge_leverages(KERNEL.gram, Z, 90, 0.1, 0), expected, atol=1e-6)


def test_a_lonely_row_is_a_landmark() -> None:
    rng = np.random.default_rng(0)
    Z = torch.as_tensor(np.vstack([0.01 * rng.normal(size=(500, 2)), [[9.0, 9.0]]]))
    chosen = [leverage_landmarks(KERNEL.gram, Z, 20, 1.0, seed) for seed in range(10)]
    assert all(len(set(c.tolist())) == 20 and (c[1:] > c[:-1]).all() for c in chosen)
    assert sum(500 in c for c in chosen) >= 9


# the trees


def test_trees_on_the_rest_are_added_to_the_network() -> None:
    """Neither a network nor what it leaves is a model of the target by itself: their sum is one
    part.
    """
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (4_000, 2))
    k, r = 2 * X[:, :1], np.where(X[:, 1:] > 0, 0.5, -0.5)
    train, choose = (
        Sample.plain(X[rows], (k + r)[rows]) for rows in (slice(0, 3_000), slice(3_000, 4_000))
    )
    sample = with_validation_rows(train, choose)
    network = Affine(
        torch.tensor([[2.0, 0.0]], dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    )
    kernel = Part(
        "kernel network", sample.folds.joined([k[3_000:]]), network, lambda X: 2 * X[:, :1]
    )
    grown = grow_trees(SampleRows(train), 1.0, sample, kernel, kernel.predict, 0, 1)
    assert grown.rows == 3_000
    (both,) = grown.kernels
    assert (
        np.isnan(both.oof[:3_000]).all()
        and RegressionGoal(sample, np.zeros(1), np.ones(1)).score([both]).error < 0.01
    )
    for values in (both.predict(X[3_000:]), numpy_of(both.network, X[3_000:])):
        np.testing.assert_allclose(values, both.oof[3_000:], atol=1e-6)


def test_rows_of_a_draw_are_counted_without_reading(folder: Path) -> None:
    stream = open_stream(folder / "taxis.csv")
    assert stream.count(lambda u: u < 0.3, 1) == sum(
        int((b.draws(1) < 0.3).sum()) for b in stream.blocks()
    )


# memory


def test_a_plan_is_the_base_and_its_largest_stage() -> None:
    plan = MemoryPlan(100 * MB, {"sums": {"a": 10 * MB, "b": 30 * MB}, "trees": {"c": 20 * MB}})
    assert plan.peak == 140 * MB
    plan.check(140 * MB, ("x", "y"))
    with pytest.raises(
        ResourceError,
        match=r"needs 140 MB and 139 MB is the limit.*the process 100 MB, and for "
        r"the sums b 30 MB, a 10 MB. Either x, or y",
    ):
        plan.check(139 * MB, ("x", "y"))
    assert "140 MB at most" in str(plan)
    assert resident_memory() > 10 * MB and available_memory() > 0


def test_a_million_centres_are_refused_before_anything_is_allocated(tmp_path: Path) -> None:
    pd.DataFrame(
        {"x": np.zeros(10**6, dtype=np.int8), "y": np.zeros(10**6, dtype=np.int8)}
    ).to_parquet(tmp_path / "large.parquet")
    before = resident_memory()
    with pytest.raises(ResourceError, match=r"GB.*landmarks=2000"):
        MotifRegressor("fast").fit_stream(tmp_path / "large.parquet", "y", landmarks=10**6)
    assert resident_memory() < before + 500 * MB


def test_the_plan_does_not_grow_with_the_rows() -> None:
    def peak(n: int) -> int:
        """Beside what the process has."""
        held = {
            "landmarks": 1_000,
            "sample": 20_000,
            "held": 10_000,
            "batch": 1_000,
            "trees": min(n, 200_000),
            "n_jobs": 2,
        }
        plan = plan_memory(10, n, **held)
        return plan.peak - plan.base

    assert peak(10**9) == peak(10**6) < 2**31
