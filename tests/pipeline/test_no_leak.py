"""What predicts a row, every choice included, has not seen the targets of rows that groups or time
keep from it: below and above each capacity.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose

from motifnet.engine import Matrix
from motifnet.kernels import every_fold, fit_with_held_out, start_kernel
from motifnet.tables import Encoder, Sample, as_table
from motifnet.teachers import fold_partition, left_out_together
from motifnet.training._fine_tune import _choose_from
from tests.shared.leak_cases import (
    EXACT,
    KINDS,
    LANDMARKS,
    PARTS,
    Part,
    copies,
    objects,
    refitted,
    tampered,
)

CAPACITIES = {"exact": EXACT, "landmarks": LANDMARKS}
CASES = [
    pytest.param(part, size, id=f"{name}-{size}")
    for name, part in PARTS.items()
    for size in CAPACITIES
    if part.landmarks or size == "exact"
]
every_part = pytest.mark.parametrize(("part", "size"), CASES)
every_kind = pytest.mark.parametrize("kind", KINDS)
# what time alone keeps from a row, groups and time keep from it too
few_kinds = pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[pytest.mark.slow] * (kind == "time")) for kind in KINDS]
)
both_sizes = pytest.mark.parametrize("size", CAPACITIES)
KERNEL = start_kernel(("laplace1",), {1: 1.0, 2: 1.0}, 1.0)
RIDGES = [1e-6, 1e-2, 1.0, 100.0]


@pytest.fixture(autouse=True)
def _few_rows_are_many(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The output layer of classes takes its capacity from the module."""
    size = (
        request.node.callspec.params.get("size", "exact")
        if hasattr(request.node, "callspec")
        else "exact"
    )
    monkeypatch.setattr("motifnet.training._loss_refit.CAPACITY", CAPACITIES[size])


def r2(oof: Matrix, y: Matrix) -> float:
    rows = np.isfinite(oof).all(1)
    return float(1 - ((oof - y)[rows] ** 2).mean() / ((y - y[rows].mean(0))[rows] ** 2).mean())


def tensors(sample: Sample) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return torch.as_tensor(sample.X), torch.as_tensor(sample.y), torch.as_tensor(sample.weight)


@every_kind
def test_rows_that_choose_a_length_scale_are_predicted_by_other_objects(kind: str) -> None:
    """In every block that is left out: no other row of its objects is fitted, and with time none
    that is later.
    """
    sample = copies(kind)
    rows, blocks = left_out_together(sample, np.flatnonzero(sample.folds.train(2)))
    assert blocks is not None
    for block in (block for of_size in blocks for block in of_size):
        scored = rows[block.numpy()]
        fitted = np.setdiff1d(rows, scored)
        assert len(fitted)
        if sample.groups is not None:
            assert not set(sample.groups[fitted]) & set(sample.groups[scored])
        if sample.time is not None:
            assert sample.time[fitted].max() < sample.time[scored].min()


# predictions of a fold do not change with the targets that it may not see


@few_kinds
@every_part
def test_a_fold_does_not_see_what_it_may_not(part: Part, size: str, kind: str) -> None:
    sample, k = part.of(copies(kind)), 2
    rows, hidden = sample.folds.held_out(k), ~sample.folds.train(k)
    before, after = (
        part.oof(s, CAPACITIES[size])[rows] for s in (sample, tampered(sample, hidden))
    )
    assert np.isfinite(before).all(1).any()
    assert_allclose(after, before, rtol=0, atol=1e-7)
    if kind == KINDS[0]:  # the others it does see, which no kind of table changes
        seen = part.oof(tampered(sample, ~hidden), CAPACITIES[size])[rows]
        assert not np.allclose(seen, before, rtol=0, atol=1e-7, equal_nan=True)


@every_part
def test_a_row_does_not_see_itself(part: Part, size: str) -> None:
    """Without groups or time: whatever its fold is, no row has a part in its own prediction."""
    sample = part.of(replace(copies("groups"), groups=None))
    before = part.oof(sample, CAPACITIES[size])
    for row in np.flatnonzero(sample.folds.held_out(1) & np.isfinite(before).all(1))[:1]:
        after = part.oof(tampered(sample, np.arange(sample.n) == row), CAPACITIES[size])
        assert_allclose(after[row], before[row], rtol=0, atol=1e-7)


@every_kind
@both_sizes
def test_the_ridge_of_a_fold_is_not_chosen_by_what_it_may_not_see(size: str, kind: str) -> None:
    for seed in range(4):
        sample = copies(kind, seed)
        X, y, w = tensors(sample)
        hidden = ~sample.folds.train(2)
        other = torch.as_tensor(tampered(sample, hidden, by=3.0).y)
        one, two = (
            fit_with_held_out(
                KERNEL.gram, X, t, w, fold_partition(sample, 2), RIDGES, capacity=CAPACITIES[size]
            )
            for t in (y, other)
        )
        assert one.ridge == two.ridge


@pytest.mark.parametrize("ridge", RIDGES)
@both_sizes
def test_a_block_is_predicted_without_its_objects(size: str, ridge: float) -> None:
    sample, blocks = copies("groups"), []
    X, y, w = tensors(sample)
    for k in range(sample.folds.count):
        blocks.append(torch.as_tensor(np.flatnonzero(sample.folds.held_out(k))))
    other = torch.as_tensor(tampered(sample, sample.folds.held_out(1)).y)
    found = []
    for target in (y, other):
        folds = every_fold(KERNEL.gram, X, target, w, blocks, capacity=CAPACITIES[size])
        rows, values = folds.without(1, ridge)
        found.append((rows, values, folds.solve(ridge).held_out[blocks[1]]))
    assert torch.equal(found[0][0], found[1][0]) and len(found[0][0])
    for before, after in zip(found[0][1:], found[1][1:], strict=True):
        assert torch.allclose(before, after, rtol=0, atol=1e-7, equal_nan=True)


@every_kind
def test_target_statistics_of_a_fold(kind: str) -> None:
    """A category that gives the object away: in the view of a fold, what was encoded by the targets
    that it may not see does not show.
    """
    sample, k = copies(kind), 2
    levels = as_table(
        pd.DataFrame({"level": [f"l{v}" for v in objects(kind, 0) * 3 + np.arange(sample.n) % 3]})
    )
    views = []
    for y in (sample.y, tampered(sample, ~sample.folds.train(k)).y):
        found = Encoder.fit(levels, y, sample.weight, sample.folds)[2]
        assert found is not None
        views.append(found[k])
    assert np.array_equal(views[0], views[1])


@pytest.mark.parametrize("kind", KINDS)
def test_a_setting_is_chosen_for_a_fold_by_rows_that_it_may_see(kind: str) -> None:
    """Two candidates, of which the rows hidden from a fold like one, and all others the other."""
    sample, k = copies(kind), 2
    train = sample.folds.train(k)
    squares = np.stack([np.where(train, 1.0, 0.0), np.where(train, 0.9, 1e6)])
    assert sample.folds.choices(squares)[k] == 1
    predictions = sample.y + np.sqrt(squares)[:, :, None]
    chosen = _choose_from(predictions, sample).oof[sample.folds.held_out(k)]
    assert_allclose(chosen, predictions[1, sample.folds.held_out(k)])


# nothing is learned where there is nothing but copies; of 30
# objects chance alone explains some per cent in one table

SCORED = ["kernel ridge", "one solution", "trained kernel", "support vectors", "quick trees"]
SCORED_CASES = [
    pytest.param(name, size, id=f"{name}-{size}")
    for name in SCORED
    for size in CAPACITIES
    if PARTS[name].landmarks or size == "exact"
]


def check_nothing(scores: list[float]) -> None:
    assert np.mean(scores) <= 0.05 and max(scores) <= 0.25, scores


@few_kinds
@pytest.mark.parametrize(("name", "size"), SCORED_CASES)
def test_copies_say_nothing_about_other_objects(name: str, size: str, kind: str) -> None:
    check_nothing(
        [r2(PARTS[name].oof(s := copies(kind, seed), CAPACITIES[size]), s.y) for seed in range(4)]
    )


@both_sizes
def test_the_last_layer_on_all_rows_learns_nothing_from_copies(size: str) -> None:
    check_nothing(
        [r2(refitted(s := copies("groups", seed), CAPACITIES[size]), s.y) for seed in range(4)]
    )


@both_sizes
def test_copies_that_nobody_keeps_apart_are_found(size: str) -> None:
    """That the tests above can fail: with random folds much of the target is found again, by every
    part.
    """
    sample = Sample.plain(copies("groups").X, copies("groups").y)
    found = {
        name: r2(PARTS[name].oof(sample, CAPACITIES[size]), sample.y)
        for name in SCORED
        if PARTS[name].landmarks or size == "exact"
    }
    assert min(found.values()) > 0.3, found
