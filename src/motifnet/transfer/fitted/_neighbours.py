"""Nearest neighbours and nearest centres of clusters.

Neighbours give the mean of the values, or of the indicators of the classes, of the nearest rows of
the fit, or the density there. Clusters give the number of the nearest centre, and as a transformer
the distances to all centres:

    argmin_k ‖x − c_k‖² = argmax_k (2 c_k · x − ‖c_k‖²)

scikit-learn compares the same products, and takes the first of equal ones too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix, UsageError
from motifnet.motifs import ArgMax, Distance, Motif, Neighbours, OutlierFactor
from motifnet.transfer._transfer import affine, tensor
from motifnet.transfer.fitted._kernels import dense
from motifnet.transfer.fitted._registry import Transfer

_NORMS = {
    "euclidean": 2.0,
    "l2": 2.0,
    "manhattan": 1.0,
    "l1": 1.0,
    "cityblock": 1.0,
    "chebyshev": np.inf,
    "infinity": np.inf,
}


def _nearest_centre(model: Any) -> list[Motif]:
    centres = np.asarray(model.cluster_centers_, dtype=np.float64)
    return [affine(2 * centres.T, -np.einsum("kj,kj->k", centres, centres)), ArgMax()]


def _centre_distances(model: Any) -> list[Motif]:
    return [Distance(tensor(model.cluster_centers_), 2)]


def _regressor(model: Any) -> list[Motif]:
    return [_mean(model, dense(model._y).reshape(model.n_samples_fit_, -1))]


def _classifier(model: Any) -> list[Motif]:
    """Probabilities, those of several targets side by side."""
    classes = model.classes_ if model.outputs_2d_ else [model.classes_]
    numbers = model._y.reshape(len(model._y), -1).T
    return [
        _mean(
            model,
            np.hstack(
                [np.eye(len(known))[column] for known, column in zip(classes, numbers, strict=True)]
            ),
        )
    ]


def _outliers(model: Any) -> list[Motif]:
    """The local outlier factor subtracted from the offset, for new rows."""
    if not model.novelty:
        raise UsageError(
            "LocalOutlierFactor(novelty=False) scores the rows of its fit only, and a "
            "network new ones. Fit it with novelty=True."
        )
    values = np.column_stack([model._lrd, model._distances_fit_X_[:, model.n_neighbors_ - 1]])
    return [
        _nearest(OutlierFactor, model, values, model.n_neighbors_),
        affine([[-1.0]], -model.offset_),
    ]


def _mean(model: Any, values: Matrix) -> Motif:
    if callable(model.weights):
        raise UsageError(
            f"{type(model).__name__}(weights={model.weights!r}) has no formula here. "
            "Fit it with weights='uniform' or 'distance'."
        )
    return _nearest(Neighbours, model, values, model.n_neighbors, model.weights == "distance")


def _nearest(
    kind: type[Neighbours], model: Any, values: Matrix, k: int, weighed: bool = False
) -> Motif:
    """The search of the fit: by products for brute force and Euclidean distances, or by a tree."""
    p = _power(model)
    centres = dense(model._fit_X)
    by_products = model._fit_method == "brute" and p == 2
    squares = [row @ row for row in centres] if by_products else []
    low, high, radius, path, offset = _tree(model._tree, *centres.shape)
    return kind(
        centres=tensor(centres),
        values=tensor(values),
        squares=tensor(squares),
        k=int(k),
        p=0.0 if by_products else p,
        weighed=weighed,
        low=tensor(low),
        high=tensor(high),
        radius=tensor(radius),
        path=tensor(path).long(),
        offset=tensor(offset).long(),
    )


def _power(model: Any) -> float:
    """p of the distance Σ_j |x_j − c_j|^p."""
    metric, settings = model.effective_metric_, model.effective_metric_params_
    if metric == "minkowski" and settings.get("w") is None:
        return float(settings["p"])
    if not isinstance(metric, str) or metric not in _NORMS:
        raise UsageError(
            f"There is no transfer for {type(model).__name__}(metric={metric!r}, "
            f"metric_params={model.metric_params!r}); there is one for minkowski "
            f"without weights and for {', '.join(_NORMS)}. Scale the columns instead of weighing "
            "them, and fit with one of these."
        )
    return _NORMS[metric]


def _tree(tree: Any, m: int, d: int) -> tuple[NDArray[Any], ...]:
    """Boxes or balls of the nodes, the nodes above each row, and its position in its leaf. Without
    a tree all but the last are empty.
    """
    if tree is None:
        return np.empty((0, d)), np.empty((0, d)), np.empty(0), np.empty((0, m)), np.arange(m)
    _, rows, nodes, bounds = (np.asarray(part) for part in tree.get_arrays())
    levels = len(nodes).bit_length() - 1  # all leaves are on the last level
    path, offset = np.zeros((levels, m)), np.zeros(m)
    for number, node in enumerate(nodes):
        inside, level = rows[node["idx_start"] : node["idx_end"]], (number + 1).bit_length() - 2
        if level >= 0:
            path[level, inside] = number
        if node["is_leaf"]:
            offset[inside] = np.arange(len(inside))
    return bounds[0], bounds[-1], nodes["radius"] if len(bounds) == 1 else np.empty(0), path, offset


NEIGHBOURS: dict[str, Transfer] = {
    "KNeighborsClassifier": _classifier,
    "KNeighborsRegressor": _regressor,
    "LocalOutlierFactor": _outliers,
}
_K_MEANS = ("KMeans", "MiniBatchKMeans")
CLUSTERS: dict[str, Transfer] = dict.fromkeys(_K_MEANS, _nearest_centre)
FURTHER_CLUSTERS: dict[tuple[str, str], Transfer] = {
    (kind, "transform"): _centre_distances for kind in _K_MEANS
}
