"""Trees of scikit-learn and sums of them: forests, boosting, isolation.

A tree ensemble compares columns with thresholds. Other split predicates, such as membership in a
set of levels, become columns of a network before the trees. `requested_networks` builds both for
the trees of all libraries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from motifnet.engine import Matrix, UsageError
from motifnet.motifs import (
    Chain,
    Exp,
    Fill,
    Lookup,
    Motif,
    Piecewise,
    Select,
    Softmax,
    WeightedMedian,
)
from motifnet.teachers import (
    KINDS,
    Forest,
    Member,
    Nodes,
    SplitPredicates,
    parse_histogram,
    parse_sklearn_tree,
    rounded_threshold,
)
from motifnet.transfer._transfer import affine, tensor, tree_network
from motifnet.transfer.fitted._parts import (
    chain,
    class_columns,
    constant,
    probabilities,
    side_by_side,
    weighted,
)
from motifnet.transfer.fitted._registry import Transfer, labels_of, network_for, network_of

_NO_LEVEL = -0.5
_FILLS = (None, -np.inf, 0.0)  # of missing values, by kind of comparison
_IDENTITY = ("squared_error", "absolute_error", "quantile", "huber")
_EXP = ("gamma", "poisson")


def requested_networks(
    forests: Sequence[Forest],
    predicates: SplitPredicates,
    single: bool = False,
    whole: bool = False,
) -> list[Motif]:
    """The columns of the split predicates that the forests use, then the forests side by side.

    single: rows and sums are rounded to float32. whole: levels are whole numbers; other numbers are
    truncated, 1.7 to 1.
    """
    used = np.unique(np.concatenate([f.feature[f.left != np.arange(len(f.left))] for f in forests]))
    if not (used >= predicates.width).any():
        return [side_by_side([tree_network(forest, single) for forest in forests])]
    blocks, order = _numeric(used, predicates.width)
    for column, numbered in _by_column(used, predicates).items():
        members = [member for _, member in numbered]
        truncation = [_truncated(_levels(members), single)] if whole else []
        blocks.append(Chain([Select([column]), *truncation, _lookup(members)]))
        order += [number for number, _ in numbered]
    position = np.zeros(used.max() + 1, dtype=np.int64)
    position[order] = np.arange(len(order))
    moved = [replace(f, feature=position[np.minimum(f.feature, used.max())]) for f in forests]
    return [side_by_side(blocks), side_by_side([tree_network(forest, single) for forest in moved])]


def _numeric(used: Nodes, width: int) -> tuple[list[Motif], list[int]]:
    """A block of columns for each treatment of missing values, and the numbers of the columns."""
    blocks: list[Motif] = []
    for kind, fill in enumerate(_FILLS):
        columns = [int(j) - kind * width for j in used if j // width == kind]
        if columns:
            chosen = Select(columns)
            blocks.append(
                chosen
                if fill is None
                else Chain([chosen, Fill(tensor(np.full(len(columns), fill)))])
            )
    return blocks, [int(j) for j in used if j < KINDS * width]


def _by_column(used: Nodes, predicates: SplitPredicates) -> dict[int, list[tuple[int, Member]]]:
    """Predicates of membership and their numbers, by column."""
    members, found = list(predicates.members), dict[int, list[tuple[int, Member]]]()
    for number in (int(j) for j in used if j >= KINDS * predicates.width):
        member = members[number - KINDS * predicates.width]
        found.setdefault(member.column, []).append((number, member))
    return found


def _lookup(members: Sequence[Member]) -> Motif:
    """0 where a level goes to the left, else 1, with a column for each predicate."""
    levels = _levels(members)
    table = np.ones((len(levels) + 2, len(members)))
    for k, member in enumerate(members):
        to_left = [
            level in member.left or (member.unseen and level not in member.right)
            for level in levels
        ]
        table[:, k] = 1.0 - np.array([*to_left, member.unseen, member.missing], dtype=np.float64)
    return Lookup(tensor(levels), tensor(table))


def _levels(members: Sequence[Member]) -> list[float]:
    return sorted(frozenset().union(*(member.left | member.right for member in members)))


def _truncated(levels: Sequence[float], single: bool) -> Motif:
    """The level k of a number in [k, k + 1), and 0 between −1 and 0 as in C++; no level elsewhere,
    NaN for NaN.

    single: the number is rounded to float32 first, which takes numbers just below k to k; negative
    numbers have no level.
    """
    starts = {k + 1: _NO_LEVEL for k in levels} | {k: k for k in levels}
    if not single and 0.0 in starts:
        starts = {np.nextafter(-1.0, 0.0): 0.0, **starts}
    points = np.array(sorted(starts))
    values = np.array([_NO_LEVEL, *(starts[position] for position in points)])
    if single:
        points = np.nextafter(
            rounded_threshold(
                np.nextafter(points.astype(np.float32), np.float32(-np.inf)).astype(np.float64)
            ),
            np.inf,
        )
    coefficients = np.stack([values, np.zeros(len(values))], axis=1)[None, :, :, None]
    return Piecewise(
        tensor(np.concatenate([points[:1] - 1, points])[None]),
        tensor(coefficients),
        "left",
    )


def _tree(model: Any) -> list[Motif]:
    return _summed([(model, _leaf_values(model), None)], model)


def _forest(model: Any) -> list[Motif]:
    share = 1 / len(model.estimators_)
    return _summed([(tree, share * _leaf_values(tree), None) for tree in model.estimators_], model)


def _summed(trees: list[tuple[Any, Matrix, Any]], model: Any) -> list[Motif]:
    """The sum of fitted trees, each with values of its nodes and the columns that it sees, or
    None.
    """
    predicates = SplitPredicates(int(model.n_features_in_))
    return requested_networks(
        [
            Forest.sum(
                [
                    parse_sklearn_tree(tree, values, predicates, columns)
                    for tree, values, columns in trees
                ]
            )
        ],
        predicates,
    )


def _leaf_values(model: Any) -> Matrix:
    """Values of the nodes with shape (nodes, q), or shares of classes with shape (nodes, K); those
    of several targets stand side by side.
    """
    values = model.tree_.value
    if not is_classifier(model):
        return np.asarray(values[:, :, 0])
    counts = [values[:, k, :K] for k, K in enumerate(np.atleast_1d(model.n_classes_))]
    return np.hstack([count / count.sum(1, keepdims=True) for count in counts])


def _gradient_boosting(model: Any) -> list[Motif]:
    return _with_link(
        _gradient_scores(model),
        model.loss,
        model.estimators_.shape[1],
        is_classifier(model),
        type(model).__name__,
    )


def _gradient_scores(model: Any) -> list[Motif]:
    rate, K, d = model.learning_rate, model.estimators_.shape[1], model.n_features_in_
    start, first = np.zeros(K), None
    if getattr(model.init_, "strategy", "") == "stratified":
        raise UsageError(
            f"{type(model).__name__} starts from random draws, "
            "init=DummyClassifier(strategy='stratified'). Fit it with init=None."
        )
    if model.init_ != "zero" and type(model.init_).__name__ in (
        "DummyRegressor",
        "DummyClassifier",
    ):
        start = np.asarray(model._raw_predict_init(np.zeros((1, d)))).reshape(-1)
    elif model.init_ != "zero" and is_classifier(model):
        raise UsageError(
            f"{type(model).__name__} starts from init={model.init_!r}, for which "
            "there is no transfer. Fit it with init=None or 'zero'."
        )
    elif model.init_ != "zero":
        first = network_for(model.init_, "predict")
    predicates = SplitPredicates(d)
    forests = [
        Forest.sum(
            [
                Forest.constant(start[c : c + 1]),
                *(parse_sklearn_tree(t, rate * t.tree_.value[:, :, 0], predicates) for t in trees),
            ]
        )
        for c, trees in enumerate(model.estimators_.T)
    ]
    networks = requested_networks(forests, predicates)
    if first is not None:
        networks = [weighted([1.0, 1.0], [first, chain(networks)])]
    return networks


def _histogram(model: Any) -> list[Motif]:
    return _with_link(
        _histogram_scores(model),
        model.loss,
        model.n_trees_per_iteration_,
        is_classifier(model),
        type(model).__name__,
    )


def _histogram_scores(model: Any) -> list[Motif]:
    """Raw scores, after the model's own encoder of levels where it has one."""
    predicates = SplitPredicates(int(model.n_features_in_))
    forests = parse_histogram(model, predicates)
    encoder = getattr(model, "_preprocessor", None)
    first = [] if encoder is None else [network_of(encoder)]
    return [*first, *requested_networks(forests, predicates)]


def _with_link(
    networks: list[Motif], loss: str, outputs: int, classes: bool, name: str
) -> list[Motif]:
    """From raw scores to values or probabilities."""
    if classes and loss == "log_loss":
        return [*networks[:-1], *probabilities(networks[-1], outputs)]
    if classes and loss == "exponential":
        return [*networks, affine([[2.0]]), *probabilities(affine([[1.0]]), 1)]
    if classes or loss not in (*_IDENTITY, *_EXP):
        raise UsageError(f"There is no transfer for {name} with loss {loss!r}.")
    return [*networks, Exp()] if loss in _EXP else networks


def _ada_regressor(model: Any) -> list[Motif]:
    """The weighted median of the members."""
    count = len(model.estimators_)
    if not all(hasattr(part, "tree_") for part in model.estimators_):
        return [
            side_by_side([network_for(part, "predict") for part in model.estimators_]),
            WeightedMedian(tensor(model.estimator_weights_[:count])),
        ]
    columns = np.eye(count)
    trees = [
        (tree, tree.tree_.value[:, :1, 0] * columns[k], None)
        for k, tree in enumerate(model.estimators_)
    ]
    return [*_summed(trees, model), WeightedMedian(tensor(model.estimator_weights_[:count]))]


def _ada_classifier(model: Any) -> list[Motif]:
    """softmax of decision values / (K − 1), or of (−f/2, f/2) for two classes (Zhu et al. 2009)."""
    if model.n_classes_ == 1:
        return [constant([1.0])]
    K = model.n_classes_
    return [
        *_ada_scores(model),
        affine([[-0.5, 0.5]]) if K == 2 else affine(np.eye(K) / (K - 1)),
        Softmax(),
    ]


def _ada_scores(model: Any) -> list[Motif]:
    """Σ_t w_t (1{h_t = k} − 1{h_t ≠ k} / (K − 1)) / Σ_t w_t of labels h_t; for two classes, the
    second value minus the first.
    """
    K, weights = model.n_classes_, model.estimator_weights_[: len(model.estimators_)]
    votes = np.full((K, K), -1 / (K - 1)) + np.eye(K) * (1 + 1 / (K - 1))
    scale, last = weights / weights.sum(), [affine([[-1.0], [1.0]])] if K == 2 else []
    if all(hasattr(part, "tree_") for part in model.estimators_):
        trees = [
            (tree, w * votes[_leaf_values(tree).argmax(1)], None)
            for tree, w in zip(model.estimators_, scale, strict=True)
        ]
        return [*_summed(trees, model), *last]
    parts = [
        Chain([labels_of(part), *class_columns(part.classes_, model.classes_), affine(votes)])
        for part in model.estimators_
    ]
    return [weighted(scale, parts), *last]


def _leaf_indicators(model: Any) -> list[Motif]:
    """A column for each leaf of each tree."""
    leaves, start, trees = model.one_hot_encoder_.categories_, 0, []
    for tree, own in zip(model.estimators_, leaves, strict=True):
        values = np.zeros((tree.tree_.node_count, sum(map(len, leaves))))
        values[own, start + np.arange(len(own))] = 1.0
        trees.append((tree, values, None))
        start += len(own)
    return _summed(trees, model)


def _isolation(model: Any) -> list[Motif]:
    """−2^{−mean depth / c} − offset; a leaf holds its depth and the expected depth below it (Liu et
    al. 2008).
    """
    trees = [
        (tree, _depths(model, k)[:, None], columns)
        for k, (tree, columns) in enumerate(
            zip(model.estimators_, model.estimators_features_, strict=True)
        )
    ]
    scale = len(trees) * _expected_depth(model._max_samples)
    # trees of one row have depth 0, and scikit-learn's score is ½
    share = affine([[-np.log(2) / scale]]) if scale else affine([[0.0]], -np.log(2))
    return [*_summed(trees, model), share, Exp(), affine([[-1.0]], -model.offset_)]


def _expected_depth(n: int) -> float:
    """c(n), the mean depth of an unsuccessful search in a binary tree of n rows, by scikit-learn's
    own function, to the last bit.
    """
    try:
        from sklearn.ensemble._iforest import _average_path_length
    except ImportError as error:
        import sklearn

        raise UsageError(
            f"scikit-learn {sklearn.__version__} keeps the depths of an IsolationForest where "
            f"this motifnet does not look ({error}). "
            "Upgrade motifnet, or install scikit-learn 1.9."
        ) from error
    return float(_average_path_length([n])[0])


def _depths(model: Any, k: int) -> Matrix:
    return np.asarray(
        model._decision_path_lengths[k] + model._average_path_length_per_tree[k] - 1.0,
        dtype=np.float64,
    )


TREES: dict[str, Transfer] = {
    **dict.fromkeys(
        (
            "DecisionTreeClassifier",
            "DecisionTreeRegressor",
            "ExtraTreeClassifier",
            "ExtraTreeRegressor",
        ),
        _tree,
    ),
    **dict.fromkeys(
        (
            "ExtraTreesClassifier",
            "ExtraTreesRegressor",
            "RandomForestClassifier",
            "RandomForestRegressor",
        ),
        _forest,
    ),
    "AdaBoostClassifier": _ada_classifier,
    "AdaBoostRegressor": _ada_regressor,
    "GradientBoostingClassifier": _gradient_boosting,
    "GradientBoostingRegressor": _gradient_boosting,
    "HistGradientBoostingClassifier": _histogram,
    "HistGradientBoostingRegressor": _histogram,
    "IsolationForest": _isolation,
    "RandomTreesEmbedding": _leaf_indicators,
}
FURTHER_TREES: dict[tuple[str, str], Transfer] = {
    ("AdaBoostClassifier", "decision_function"): _ada_scores,
    ("GradientBoostingClassifier", "decision_function"): _gradient_scores,
    ("HistGradientBoostingClassifier", "decision_function"): _histogram_scores,
}
