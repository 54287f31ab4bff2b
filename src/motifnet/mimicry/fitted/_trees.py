"""Trees of scikit-learn and sums of them: forests, boosting, isolation."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import is_classifier

from motifnet.engine import UsageError
from motifnet.mimicry._affine import affine, tensor
from motifnet.mimicry.fitted._asked import asked_networks
from motifnet.mimicry.fitted._lookup import Transfer, network_for, network_of
from motifnet.mimicry.fitted._members import labels_of
from motifnet.mimicry.fitted._parts import beside, chain, constant, known_classes, probabilities, weighted
from motifnet.motifs import Chain, Exp, Motif, Softmax, WeightedMedian
from motifnet.tables import Matrix
from motifnet.teachers import Forest, Questions, parse_histogram, parse_sklearn_tree


def _tree(model: Any) -> list[Motif]:
    return _summed([(model, _leaf_values(model), None)], model)


def _forest(model: Any) -> list[Motif]:
    share = 1 / len(model.estimators_)
    return _summed([(tree, share * _leaf_values(tree), None) for tree in model.estimators_], model)


def _summed(trees: list[tuple[Any, Matrix, Any]], model: Any) -> list[Motif]:
    """The sum of fitted trees with given values of their nodes; `columns` of a tree that sees some of them."""
    questions = Questions(int(model.n_features_in_))
    return asked_networks([Forest.sum([parse_sklearn_tree(tree, values, questions, columns) for tree, values, columns in trees])], questions)


def _leaf_values(model: Any) -> Matrix:
    """Values of the nodes with shape (nodes, q), or shares of classes with shape (nodes, K), of several targets side by side."""
    values = model.tree_.value
    if not is_classifier(model):
        return np.asarray(values[:, :, 0])
    counts = [values[:, k, :K] for k, K in enumerate(np.atleast_1d(model.n_classes_))]
    return np.hstack([count / count.sum(1, keepdims=True) for count in counts])


def _gradient_boosting(model: Any) -> list[Motif]:
    return linked(_gradient_scores(model), model.loss, model.estimators_.shape[1], is_classifier(model), type(model).__name__)


def _gradient_scores(model: Any) -> list[Motif]:
    rate, K, d = model.learning_rate, model.estimators_.shape[1], model.n_features_in_
    start, first = np.zeros(K), None
    if getattr(model.init_, "strategy", "") == "stratified":
        raise UsageError(f"{type(model).__name__} starts from random draws, init=DummyClassifier(strategy='stratified'). Fit it with init=None.")
    if model.init_ != "zero" and type(model.init_).__name__ in ("DummyRegressor", "DummyClassifier"):
        start = np.asarray(model._raw_predict_init(np.zeros((1, d)))).reshape(-1)
    elif model.init_ != "zero" and is_classifier(model):
        raise UsageError(f"{type(model).__name__} starts from init={model.init_!r}, for which there is no transfer. Fit it with init=None or 'zero'.")
    elif model.init_ != "zero":
        first = network_for(model.init_, "predict")
    questions = Questions(d)
    forests = [
        Forest.sum([Forest.constant(start[c : c + 1]), *(parse_sklearn_tree(t, rate * t.tree_.value[:, :, 0], questions) for t in trees)])
        for c, trees in enumerate(model.estimators_.T)
    ]
    networks = asked_networks(forests, questions)
    if first is not None:
        networks = [weighted([1.0, 1.0], [first, chain(networks)])]
    return networks


def _histogram(model: Any) -> list[Motif]:
    return linked(_histogram_scores(model), model.loss, model.n_trees_per_iteration_, is_classifier(model), type(model).__name__)


def _histogram_scores(model: Any) -> list[Motif]:
    """Behind its own encoder of levels, where it has one."""
    questions = Questions(int(model.n_features_in_))
    forests = parse_histogram(model, questions)
    front = [network_of(model._preprocessor)] if getattr(model, "_preprocessor", None) is not None else []
    return [*front, *asked_networks(forests, questions)]


_IDENTITY = ("squared_error", "absolute_error", "quantile", "huber")
_EXP = ("gamma", "poisson")


def linked(networks: list[Motif], loss: str, outputs: int, classes: bool, name: str) -> list[Motif]:
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
        return [beside([network_for(part, "predict") for part in model.estimators_]), WeightedMedian(tensor(model.estimator_weights_[:count]))]
    columns = np.eye(count)
    trees = [(tree, tree.tree_.value[:, :1, 0] * columns[k], None) for k, tree in enumerate(model.estimators_)]
    return [*_summed(trees, model), WeightedMedian(tensor(model.estimator_weights_[:count]))]


def _ada_classifier(model: Any) -> list[Motif]:
    """softmax of decision values / (K − 1); of two classes, of the half of both signs (Zhu et al. 2009)."""
    if model.n_classes_ == 1:
        return [constant([1.0])]
    K = model.n_classes_
    return [*_ada_scores(model), affine([[-0.5, 0.5]]) if K == 2 else affine(np.eye(K) / (K - 1)), Softmax()]


def _ada_scores(model: Any) -> list[Motif]:
    """Σ_t w_t (1{h_t = k} − 1{h_t ≠ k} / (K − 1)) / Σ_t w_t of labels h_t; of two classes, the second value less the first."""
    K, weights = model.n_classes_, model.estimator_weights_[: len(model.estimators_)]
    votes = np.full((K, K), -1 / (K - 1)) + np.eye(K) * (1 + 1 / (K - 1))
    scale, last = weights / weights.sum(), [affine([[-1.0], [1.0]])] if K == 2 else []
    if all(hasattr(part, "tree_") for part in model.estimators_):
        trees = [(tree, w * votes[_leaf_values(tree).argmax(1)], None) for tree, w in zip(model.estimators_, scale, strict=True)]
        return [*_summed(trees, model), *last]
    parts = [Chain([labels_of(part), *known_classes(part.classes_, model.classes_), affine(votes)]) for part in model.estimators_]
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
    """−2^{−mean depth / c} − offset: a leaf holds its depth and what is expected below it (Liu et al. 2008)."""
    trees = [
        (tree, _depths(model, k)[:, None], columns)
        for k, (tree, columns) in enumerate(zip(model.estimators_, model.estimators_features_, strict=True))
    ]
    scale = len(trees) * _expected_depth(model._max_samples)
    share = affine([[-np.log(2) / scale]]) if scale else affine([[0.0]], -np.log(2))  # trees of one row have no depth: scikit-learn's score is ½
    return [*_summed(trees, model), share, Exp(), affine([[-1.0]], -model.offset_)]


def _expected_depth(n: int) -> float:
    """c(n), the mean depth of an unsuccessful search in a binary tree of n rows, as scikit-learn computes it, to the last bit."""
    try:
        from sklearn.ensemble._iforest import _average_path_length
    except ImportError as error:
        import sklearn

        raise UsageError(
            f"scikit-learn {sklearn.__version__} keeps the depths of an IsolationForest where this motifnet does not look ({error}). "
            "Upgrade motifnet, or install scikit-learn 1.9."
        ) from error
    return float(_average_path_length([n])[0])


def _depths(model: Any, k: int) -> Matrix:
    return np.asarray(model._decision_path_lengths[k] + model._average_path_length_per_tree[k] - 1.0, dtype=np.float64)


TREES: dict[str, Transfer] = {
    **dict.fromkeys(("DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor"), _tree),
    **dict.fromkeys(("ExtraTreesClassifier", "ExtraTreesRegressor", "RandomForestClassifier", "RandomForestRegressor"), _forest),
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
