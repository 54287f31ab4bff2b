"""Fitted estimators of scikit-learn, LightGBM, XGBoost and CatBoost as networks: one file for each family, a line in its table for each estimator."""

from motifnet.mimicry._base import transfer
from motifnet.mimicry.fitted._bases import BASES
from motifnet.mimicry.fitted._boosting import BOOSTING
from motifnet.mimicry.fitted._calibration import CALIBRATION
from motifnet.mimicry.fitted._clusters import CLUSTERS, FURTHER_CLUSTERS
from motifnet.mimicry.fitted._codes import code, knows_empty
from motifnet.mimicry.fitted._composite import COMPOSITES, FURTHER_COMPOSITES
from motifnet.mimicry.fitted._densities import DENSITIES, FURTHER_DENSITIES
from motifnet.mimicry.fitted._documents import DOCUMENTS, Documents, Reader, made_up_documents, reads_documents
from motifnet.mimicry.fitted._encoders import ENCODERS
from motifnet.mimicry.fitted._frame import Columns, coded, encoded, texts_of
from motifnet.mimicry.fitted._imputers import IMPUTERS
from motifnet.mimicry.fitted._kernels import KERNELS
from motifnet.mimicry.fitted._known_types import COMPILED_LOSSES, SCALARS, TREE, known_classes
from motifnet.mimicry.fitted._linear import FURTHER_LINEAR, LINEAR
from motifnet.mimicry.fitted._lookup import FURTHER, TRANSFERS, methods_of, network_for, network_of
from motifnet.mimicry.fitted._neighbours import NEIGHBOURS
from motifnet.mimicry.fitted._output import method_of, outputs_of, own_outputs
from motifnet.mimicry.fitted._own_encoder import encoder_network
from motifnet.mimicry.fitted._perceptron import PERCEPTRONS
from motifnet.mimicry.fitted._process import PROCESSES, with_deviation
from motifnet.mimicry.fitted._scalers import SCALERS
from motifnet.mimicry.fitted._trees import TREES
from motifnet.mimicry.fitted._uses import Uses

for family in (
    LINEAR,
    DENSITIES,
    CLUSTERS,
    NEIGHBOURS,
    KERNELS,
    PROCESSES,
    PERCEPTRONS,
    TREES,
    BOOSTING,
    SCALERS,
    BASES,
    ENCODERS,
    COMPOSITES,
    CALIBRATION,
    DOCUMENTS,
    IMPUTERS,
):
    TRANSFERS.update(family)
for further in (FURTHER_LINEAR, FURTHER_DENSITIES, FURTHER_CLUSTERS, FURTHER_COMPOSITES):
    FURTHER.update(further)
transfer.register(object, network_of)  # what no family of ours knows

__all__ = [
    "COMPILED_LOSSES",
    "SCALARS",
    "TRANSFERS",
    "TREE",
    "Columns",
    "Documents",
    "Reader",
    "Uses",
    "code",
    "coded",
    "encoded",
    "encoder_network",
    "known_classes",
    "knows_empty",
    "made_up_documents",
    "method_of",
    "methods_of",
    "network_for",
    "network_of",
    "outputs_of",
    "own_outputs",
    "reads_documents",
    "texts_of",
    "with_deviation",
]
