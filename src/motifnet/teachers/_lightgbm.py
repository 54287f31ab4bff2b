"""LightGBM: growing its trees, and reading its models as flat arrays of nodes.

Trees are grown in one thread, the same in every run. Fitted models are exact to the last leaf. They
are read from their text form. In a tree with L leaves, internal node i stays node i < L − 1, and
leaf j, written as child −j − 1, becomes node L − 1 + j.

Trees with a linear model in each leaf (Shi et al., KDD 2019) become trees of several values.

    leaf ℓ gives  c_ℓ + Σ_j w_ℓj x_j,   and v_ℓ where one of its x_j is missing

A leaf of the flat arrays has the values (c_ℓ, w_ℓ1, …), so that their sums over the trees are the
coefficients of a row. A leaf with columns becomes a chain of split predicates, one for each column,
which lead to the leaf (v_ℓ, 0, …) where the column is missing.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import numpy as np

from motifnet.engine import Control, Matrix, UsageError
from motifnet.losses import Pinball
from motifnet.teachers._boosting import Growth, Problem
from motifnet.teachers._forest import (
    LEFT,
    RIGHT,
    ZERO,
    Forest,
    Member,
    Nodes,
    SplitPredicates,
    levels_of,
    one_tree,
)

WIDE, MAX_BINS = 100, 63  # bins of tables with more columns: equal accuracy in a third of the time
_PROBES = 5  # trees whose pace is measured
_ZERO = float(np.float32(1e-35))  # LightGBM takes |x| up to here as 0
# bits of LightGBM's decision_type; 2 is "missing to the left"
_CATEGORICAL, _DEFAULT_LEFT, _ZERO_MISSING, _MISSING = 1, 2, 4, 8
_UNKNOWN = {
    _CATEGORICAL: "splits on categories, for which there is no transfer yet. Encode them as "
    "numbers or indicators first.",
    _ZERO_MISSING: "takes zeros as missing, for which there is no transfer. Fit it with "
    "zero_as_missing=False.",
    _MISSING: "was fitted on missing values, for which there is no transfer yet. Fill them in "
    "before the fit.",
}


def grow(train: Problem, growth: Growth, seed: int, control: Control | None) -> list[Forest]:
    """The constant and `growth.limit` trees, or fewer if no leaf can be split."""
    booster, done = _start(train, growth, seed)[0], 0
    while done < growth.limit and not _stopped(control) and not booster.update():
        done += 1
    return [
        Forest.sum(pair)
        for pair in zip(train.constants, parse_lightgbm(booster, iterations=done), strict=True)
    ]


def count(
    train: Problem, valid: Problem, growth: Growth, seed: int, control: Control | None
) -> int:
    """The number of trees with the least validation loss, 0 included. The growth ends after
    `growth.patience` trees without a better one.
    """
    return _validated(train, valid, growth, seed, control)[1]


def grow_until(
    train: Problem, valid: Problem, growth: Growth, seed: int, control: Control | None
) -> list[Forest]:
    """The constant and the trees whose number `count` gives, grown once."""
    booster, best = _validated(train, valid, growth, seed, control)
    return (
        [
            Forest.sum(pair)
            for pair in zip(train.constants, parse_lightgbm(booster, iterations=best), strict=True)
        ]
        if best
        else train.constants
    )


def _validated(
    train: Problem, valid: Problem, growth: Growth, seed: int, control: Control | None
) -> tuple[Any, int]:
    """The booster with all its trees, and their best number."""
    start, limited = time.monotonic(), math.isfinite(growth.seconds)
    booster, train_set = _start(train, growth, seed)
    booster.add_valid(_data(valid, train.base, _settings(train, growth, seed), train_set), "valid")
    best, least = 0, float(booster.eval_valid()[0][2])
    before = time.monotonic()
    for t in range(1, growth.limit + 1):
        if _stopped(control) or booster.update():
            break
        if (now := float(booster.eval_valid()[0][2])) < least:
            best, least = t, now
        elif t - best >= growth.patience:
            break
        if limited and time.monotonic() - start > growth.seconds:
            break
        if limited and t == _PROBES:
            pace = (time.monotonic() - before) / _PROBES
            booster.reset_parameter(
                {
                    "learning_rate": replace(
                        growth, seconds=growth.seconds - (before - start)
                    ).rate_at(pace)
                }
            )
    return booster, best


def _stopped(control: Control | None) -> bool:
    """False. Raises `Stopped` where the control ends the fit."""
    if control is not None:
        control.check()
    return False


def _start(train: Problem, growth: Growth, seed: int) -> tuple[Any, Any]:
    import lightgbm

    settings = _settings(train, growth, seed)
    train_set = _data(train, train.base, settings)
    return lightgbm.Booster(settings, train_set), train_set


def _data(part: Problem, base: np.ndarray, settings: dict[str, Any], reference: Any = None) -> Any:
    import lightgbm

    start = np.repeat(base, len(part.y))  # class by class, in LightGBM's order
    weight = part.weight / part.weight.mean()
    return lightgbm.Dataset(
        part.X, part.y, weight=weight, init_score=start, reference=reference, params=settings
    )


def _settings(train: Problem, growth: Growth, seed: int) -> dict[str, Any]:
    objective = (
        "regression" if train.classes == 0 else "binary" if train.classes <= 2 else "multiclass"
    )
    return {
        "objective": objective
        if train.loss is None
        else "quantile"
        if isinstance(train.loss, Pinball)
        else train.loss.name,
        "alpha": train.loss.level if isinstance(train.loss, Pinball) else 0.9,
        "num_class": train.classes if objective == "multiclass" else 1,
        "learning_rate": growth.learning_rate,
        "num_leaves": growth.leaves,
        "min_data_in_leaf": growth.min_rows,
        "min_data_in_bin": min(3, growth.min_rows),
        "feature_fraction": growth.columns,
        "bagging_fraction": growth.rows,
        "bagging_freq": 1,
        "lambda_l2": growth.l2,
        "extra_trees": growth.randomised,
        "path_smooth": growth.smooth,
        "monotone_constraints": list(growth.signs) or None,
        "monotone_constraints_method": "advanced",
        "boost_from_average": False,
        "use_missing": False,
        "feature_pre_filter": False,
        "max_bin": MAX_BINS if train.X.shape[1] > WIDE else 255,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "seed": seed,
        "verbosity": -1,
    }


def parse_lightgbm(
    booster: Any, iterations: int | None = None, predicates: SplitPredicates | None = None
) -> list[Forest]:
    """The raw score of a booster's first iterations (None: the best where it has one): a forest
    with one output for each tree of an iteration.

    `predicates` receives its splits on levels and on missing values; without it, such a booster is
    refused.
    """
    outputs, factor, trees = lightgbm_trees(booster, iterations)
    if not trees:
        return [Forest.constant(np.zeros(1)) for _ in range(outputs)]
    if any(int(tree["is_linear"]) for tree in trees):
        raise UsageError(
            "This LightGBM model has linear models in its leaves, for which there is "
            "no transfer here. Fit it with linear_tree=False."
        )
    return [parse_trees(trees[c::outputs], predicates).scaled(factor) for c in range(outputs)]


def lightgbm_trees(
    booster: Any, iterations: int | None = None
) -> tuple[int, float, list[dict[str, str]]]:
    """The number of outputs, a factor of all trees, and the fields of each tree, iteration by
    iteration.
    """
    head, *sections = booster.model_to_string(num_iteration=iterations).split("\nTree=")
    outputs = int(_fields(head)["num_tree_per_iteration"])
    trees = [] if iterations == 0 else [_fields(section) for section in sections]
    return outputs, outputs / len(trees) if "\naverage_output" in head and trees else 1.0, trees


def _fields(section: str) -> dict[str, str]:
    """The lines `key=value` of one section."""
    lines = (line.partition("=") for line in section.split("\n\n")[0].splitlines())
    return {key: value for key, equals, value in lines if equals}


def parse_trees(trees: list[dict[str, str]], predicates: SplitPredicates | None) -> Forest:
    """The arrays of all trees at once. Their fields are joined, as reading them one by one is
    slow.
    """

    def read(key: str, kind: type = np.int64) -> Any:
        return np.fromstring(" ".join(tree.get(key, "") for tree in trees), sep=" ", dtype=kind)

    kinds = int(np.bitwise_or.reduce(read("decision_type"), initial=0))
    for bit, reason in _UNKNOWN.items():
        if kinds & bit and (predicates is None or bit == _ZERO_MISSING):
            raise UsageError(f"This LightGBM model {reason}")
    leaves = read("num_leaves")
    splits, roots = leaves - 1, np.cumsum(2 * leaves - 1) - (2 * leaves - 1)
    inner = np.repeat(roots, splits) + _count_up(splits)
    leaf = np.repeat(roots + splits, leaves) + _count_up(leaves)
    total = int((2 * leaves - 1).sum())
    feature = np.zeros(total, dtype=np.int64)
    threshold = np.zeros(total)
    values = np.zeros((total, 1))
    children = []
    feature[inner] = read("split_feature")
    threshold[inner] = read("threshold", np.float64)
    values[leaf, 0] = read("leaf_value", np.float64)
    # −1e-35 itself is 0, hence right of it
    threshold[threshold == -_ZERO] = np.nextafter(-_ZERO, -np.inf)
    if predicates is not None:
        feature[inner], threshold[inner] = _split_columns(
            trees, feature[inner], threshold[inner], read("decision_type"), predicates
        )
    for side in ("left_child", "right_child"):
        child, own = read(side), np.arange(total)
        own[inner] = np.repeat(roots, splits) + np.where(
            child >= 0, child, np.repeat(splits, splits) - 1 - child
        )
        children.append(own)
    return Forest(feature, threshold, children[0], children[1], roots, values)


def _split_columns(
    trees: list[dict[str, str]],
    feature: Nodes,
    threshold: Matrix,
    kind: Nodes,
    predicates: SplitPredicates,
) -> tuple[Nodes, Matrix]:
    """Columns and thresholds of the predicates of LightGBM's inner nodes; a missing level goes to
    the right.
    """
    missing = np.where((kind & _MISSING) == 0, ZERO, np.where(kind & _DEFAULT_LEFT, LEFT, RIGHT))
    columns = predicates.numeric(feature, missing)
    starts = np.cumsum([0] + [int(tree["num_leaves"]) - 1 for tree in trees])
    for tree, start in zip(trees, starts, strict=False):
        bounds, words = (
            [int(v) for v in tree.get(key, "").split()]
            for key in ("cat_boundaries", "cat_threshold")
        )
        for node in start + np.flatnonzero(
            kind[start : start + int(tree["num_leaves"]) - 1] & _CATEGORICAL
        ):
            which = int(threshold[node])
            levels = levels_of(words[bounds[which] : bounds[which + 1]])
            columns[node], threshold[node] = predicates.member(Member(int(feature[node]), levels))
    return columns, threshold


def _count_up(counts: Nodes) -> Nodes:
    """0, 1, …, counts[0] − 1, 0, 1, …, counts[1] − 1, …"""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def parse_lightgbm_lines(
    booster: Any, predicates: SplitPredicates
) -> tuple[list[Forest], Nodes] | None:
    """A forest for each output, and the columns of its values after the first; None where no leaf
    has a linear model.
    """
    outputs, factor, trees = lightgbm_trees(booster)
    if not any(int(tree["is_linear"]) for tree in trees):
        return None
    columns = np.unique(
        np.concatenate([_numbers(tree, "leaf_features").astype(np.int64) for tree in trees])
    )
    forests = [
        [_with_lines(tree, columns, predicates) for tree in trees[c::outputs]]
        for c in range(outputs)
    ]
    return [Forest.sum(parts).scaled(factor) for parts in forests], columns


def _numbers(tree: dict[str, str], key: str) -> Matrix:
    return np.array(tree.get(key, "").split(), dtype=np.float64)


def _with_lines(tree: dict[str, str], columns: Nodes, predicates: SplitPredicates) -> Forest:
    """One tree with linear leaves; leaf ℓ is node L − 1 + ℓ of the plain tree with L leaves."""
    plain = parse_trees([tree], predicates)
    nodes = [
        [int(f), float(t), int(a), int(b)]
        for f, t, a, b in zip(plain.feature, plain.threshold, plain.left, plain.right, strict=True)
    ]
    values = [np.concatenate([value, np.zeros(len(columns))]) for value in plain.values]
    used, weights, counts = (
        _numbers(tree, key) for key in ("leaf_features", "leaf_coeff", "num_features")
    )
    first, start = int(tree["num_leaves"]) - 1, 0
    for leaf, (count, constant) in enumerate(
        zip(counts.astype(int), _numbers(tree, "leaf_const"), strict=True)
    ):
        own = slice(start, start + count)
        line = np.concatenate([[constant], np.zeros(len(columns))])
        np.add.at(line, 1 + np.searchsorted(columns, used[own]), weights[own])
        _guard_leaf(
            nodes,
            values,
            first + leaf,
            predicates.numeric(used[own].astype(np.int64), np.full(count, RIGHT)).tolist(),
            line,
        )
        start += count
    feature, threshold, left, right = zip(*nodes, strict=True)
    return one_tree(
        np.array(feature), np.array(threshold), np.array(left), np.array(right), np.array(values)
    )


def _guard_leaf(
    nodes: list[list[Any]], values: list[Matrix], leaf: int, columns: list[int], line: Matrix
) -> None:
    """Replace a leaf by predicates: its plain values where one of the columns is NaN, else the
    line.
    """
    plain = values[leaf]
    for column in columns:
        new = len(nodes)
        nodes[leaf] = [column, np.inf, new, new + 1]
        nodes += [[0, 0.0, new, new], [0, 0.0, new + 1, new + 1]]
        values += [plain, plain]
        leaf = new
    values[leaf] = line
