"""A dependence tree of pairs, for more than three columns.

    p(x) = p(x_root, x_1) · Π_edges p(x_child | x_parent)

The tree has the largest sum of mutual information of its edges (Chow and Liu, IEEE Transactions on
Information Theory 14, 1968). Mutual information is that of ranks in QUANTILES bins, less its mean
(a − 1)(b − 1)/(2n) for independent columns of a and b bins (Miller 1955). Each conditional density
is the density of a pair over its own marginal, so that the product integrates to 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from motifnet.engine import Matrix
from motifnet.further.density._axes import Codes, Values

QUANTILES = 8


def dependence_tree(columns: Sequence[Values]) -> list[tuple[int, int]]:
    """The edges (parent, child) in an order in which each parent comes before its children."""
    information = mutual_information(columns)
    root = int(information.sum(1).argmax())
    inside, edges = [root], []
    while len(inside) < len(columns):
        outside = [j for j in range(len(columns)) if j not in inside]
        parent, child = max(
            ((i, j) for i in inside for j in outside), key=lambda edge: information[edge]
        )
        inside.append(child)
        edges.append((parent, child))
    return edges


def mutual_information(columns: Sequence[Values]) -> Matrix:
    """Of each pair of columns, in nats, with zeros on the diagonal."""
    coded = [_coded(values) for values in columns]
    found = np.zeros((len(columns), len(columns)))
    for i, first in enumerate(coded):
        for j in range(i):
            found[i, j] = found[j, i] = _information(first, coded[j])
    return found


def _coded(values: Values) -> Codes:
    if values.dtype == object:
        return np.asarray(pd.factorize(values)[0], dtype=np.int64)
    ranks = (rankdata(values, "average") - 0.5) / len(values)
    return np.asarray(np.unique((ranks * QUANTILES).astype(np.int64), return_inverse=True)[1])


def _information(first: Codes, second: Codes) -> float:
    a, b, n = first.max() + 1, second.max() + 1, len(first)
    joint = np.bincount(first * b + second, minlength=a * b).reshape(a, b) / n
    product = np.outer(joint.sum(1), joint.sum(0))
    filled = joint > 0
    plain = float((joint[filled] * np.log(joint[filled] / product[filled])).sum())
    return plain - float((a - 1) * (b - 1)) / (2 * n)
