"""Folds: each row is scored once, groups stay whole, time looks forward, labels are spread."""

from __future__ import annotations

import numpy as np
import pytest

from motifnet.tables import Folds, equal_rows, make_folds


def test_random_folds_cut_rows_evenly() -> None:
    folds = make_folds(103, 4, 0)
    assert folds.count == 4
    assert np.ptp(np.bincount(folds.of)) <= 1
    for k in range(4):
        assert (folds.held_out(k) ^ folds.train(k)).all()


def test_fewer_rows_than_folds() -> None:
    folds = make_folds(3, 5, 0)
    assert folds.count == 3
    assert sorted(folds.of) == [0, 1, 2]


def test_labels_are_spread_evenly() -> None:
    labels = np.repeat([0, 1, 2], [40, 8, 4])
    folds = make_folds(52, 4, 1, labels=labels)
    for label, count in enumerate((10, 2, 1)):
        assert (np.bincount(folds.of[labels == label], minlength=4) == count).all()


def test_groups_are_never_split() -> None:
    groups = np.random.default_rng(0).integers(0, 23, 500)
    folds = make_folds(500, 5, 0, groups=groups)
    assert folds.count == 5
    for k in range(5):
        assert not set(groups[folds.held_out(k)]) & set(groups[folds.train(k)])
    assert np.ptp(np.bincount(folds.of)) < 50


def test_groups_of_one_label_each_are_spread_evenly() -> None:
    groups = np.repeat(np.arange(60), 2)
    labels = np.repeat([0, 0, 1], 20)[groups]
    folds = make_folds(120, 4, 0, groups=groups, labels=labels)
    assert (np.bincount(folds.of) == 30).all()
    assert (np.bincount(folds.of[labels == 1]) == 10).all()
    assert all(len(set(folds.of[groups == g])) == 1 for g in range(60))


def test_time_looks_forward_and_keeps_ties_together() -> None:
    time = np.random.default_rng(0).integers(0, 60, 400).astype(float)
    folds = make_folds(400, 4, 0, time=time)
    assert folds.forward
    assert folds.count == 4
    for k in range(4):
        assert time[folds.train(k)].max() < time[folds.held_out(k)].min()
    assert not folds.scored.all()


def test_one_time_scores_nothing() -> None:
    assert make_folds(10, 4, 0, time=np.zeros(10)).count == 0


def test_time_with_groups_trains_on_earlier_rows_of_other_groups() -> None:
    rng = np.random.default_rng(0)
    time, groups = rng.random(300), rng.integers(0, 40, 300)
    folds = make_folds(300, 3, 0, time=time, groups=groups)
    for k in range(3):
        held, train = folds.held_out(k), folds.train(k)
        assert train.any()
        assert time[train].max() < time[held].min()
        assert not set(groups[held]) & set(groups[train])


@pytest.mark.parametrize("forward", [False, True])
def test_a_subset_keeps_the_order_of_folds(forward: bool) -> None:
    of = np.array([-1, 0, 1, 2, 2, -1]) if forward else np.array([0, 0, 1, 2, 2, 1])
    rows = np.array([True, False, True, True, True, False])
    part = Folds(of, 3, forward).subset(rows)
    assert part.of.tolist() == ([-1, 0, 1, 1] if forward else [0, 1, 2, 2])
    assert part.count == (2 if forward else 3)


def test_a_forward_subset_without_its_first_block_scores_one_fold_less() -> None:
    part = Folds(np.array([-1, 0, 1, 2]), 3, True).subset(np.array([False, True, True, True]))
    assert part.of.tolist() == [-1, 0, 1]
    assert part.count == 2


def test_a_subset_keeps_groups_apart() -> None:
    folds = Folds(np.array([-1, 0, 0, 1]), 2, True, groups=np.array([7, 7, 8, 8]))
    part = folds.subset(np.array([True, False, True, True]))
    assert part.train(1).tolist() == [True, False, False]


def test_codes_are_those_of_equal_rows() -> None:
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.integers(0, 3, (400, 4)).astype(float), rng.normal(size=(100, 4))])
    X[::7, 0] *= -1.0  # zeros of both signs are equal
    expected = np.unique(X + 0.0, axis=0, return_inverse=True)[1].ravel()
    codes = equal_rows(X)
    assert (
        len(np.unique(codes))
        == len(np.unique(expected))
        == len(set(zip(codes.tolist(), expected.tolist(), strict=True)))
    )


def test_values_of_folds_are_joined_and_choices_are_made_by_rows_that_may_choose() -> None:
    folds = make_folds(12, 3, 0, time=np.arange(12.0))
    joined = folds.joined(
        [np.full((int(folds.held_out(k).sum()), 2), float(k)) for k in range(folds.count)]
    )
    assert np.isnan(joined[~folds.scored]).all()
    assert np.array_equal(joined[folds.scored], np.repeat(folds.of[folds.scored, None], 2, 1))
    # the first is worse early, and better later
    errors = np.stack([np.where(folds.of < 1, 1.0, 0.0), np.full(12, 0.7)])
    assert folds.choices(errors) == [1, 1, 0]
