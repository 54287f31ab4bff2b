"""Clusters by their centres: the number of the nearest centre, and as a transformer the distances to all of them.

argmin_k ‖x − c_k‖² = argmax_k (2 c_k · x − ‖c_k‖²),      the product that scikit-learn compares as well, and like it the first of equal ones
"""

from __future__ import annotations

from typing import Any

import numpy as np

from motifnet.mimicry._affine import affine, tensor
from motifnet.mimicry.fitted._lookup import Transfer
from motifnet.motifs import ArgMax, Distance, Motif


def _nearest(model: Any) -> list[Motif]:
    centres = np.asarray(model.cluster_centers_, dtype=np.float64)
    return [affine(2 * centres.T, -np.einsum("kj,kj->k", centres, centres)), ArgMax()]


def _distances(model: Any) -> list[Motif]:
    return [Distance(tensor(model.cluster_centers_), 2)]


_KINDS = ("KMeans", "MiniBatchKMeans")
CLUSTERS: dict[str, Transfer] = dict.fromkeys(_KINDS, _nearest)
FURTHER_CLUSTERS: dict[tuple[str, str], Transfer] = {(kind, "transform"): _distances for kind in _KINDS}
