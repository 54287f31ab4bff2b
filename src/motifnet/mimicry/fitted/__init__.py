"""Fitted estimators of scikit-learn, LightGBM, XGBoost and CatBoost as networks: one file for each family, a line in its table for each estimator."""

from motifnet.mimicry._base import transfer
from motifnet.mimicry.fitted._bases import BASES
from motifnet.mimicry.fitted._boosting import BOOSTING, FURTHER_BOOSTING
from motifnet.mimicry.fitted._calibration import CALIBRATION
from motifnet.mimicry.fitted._catboost import CATBOOST, with_levels
from motifnet.mimicry.fitted._clusters import CLUSTERS, FURTHER_CLUSTERS
from motifnet.mimicry.fitted._codes import code, knows_empty
from motifnet.mimicry.fitted._composite import COMPOSITE_LABELS, COMPOSITES, FURTHER_COMPOSITES
from motifnet.mimicry.fitted._constants import CONSTANTS, FURTHER_CONSTANTS
from motifnet.mimicry.fitted._densities import DENSITIES, FURTHER_DENSITIES
from motifnet.mimicry.fitted._documents import DOCUMENTS, Documents, Reader, made_up_documents, reads_documents
from motifnet.mimicry.fitted._encoders import ENCODERS
from motifnet.mimicry.fitted._frame import Columns, coded, encoded, texts_of
from motifnet.mimicry.fitted._imputers import IMPUTERS
from motifnet.mimicry.fitted._kernels import FURTHER_KERNELS, KERNEL_LABELS, KERNELS
from motifnet.mimicry.fitted._known_types import COMPILED_LOSSES, SCALARS, TREE, known_classes
from motifnet.mimicry.fitted._linear import FURTHER_LINEAR, LINEAR
from motifnet.mimicry.fitted._lookup import FURTHER, TRANSFERS, methods_of, network_for, network_of
from motifnet.mimicry.fitted._members import LABELS
from motifnet.mimicry.fitted._multiple import FURTHER_MULTIPLE, MULTIPLE, MULTIPLE_LABELS
from motifnet.mimicry.fitted._neighbours import NEIGHBOURS
from motifnet.mimicry.fitted._output import method_of, outputs_of, own_outputs
from motifnet.mimicry.fitted._own_encoder import encoder_network
from motifnet.mimicry.fitted._perceptron import PERCEPTRONS
from motifnet.mimicry.fitted._process import PROCESSES, with_deviation
from motifnet.mimicry.fitted._promise import compare, measured
from motifnet.mimicry.fitted._scalers import SCALERS
from motifnet.mimicry.fitted._synthetic import synthetic_rows
from motifnet.mimicry.fitted._trees import FURTHER_TREES, TREES
from motifnet.mimicry.fitted._uses import Uses
from motifnet.mimicry.fitted._xgboost import XGBOOST

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
    XGBOOST,
    CATBOOST,
    SCALERS,
    BASES,
    ENCODERS,
    COMPOSITES,
    MULTIPLE,
    CALIBRATION,
    CONSTANTS,
    DOCUMENTS,
    IMPUTERS,
):
    TRANSFERS.update(family)
for further in (
    FURTHER_LINEAR,
    FURTHER_DENSITIES,
    FURTHER_CLUSTERS,
    FURTHER_KERNELS,
    FURTHER_TREES,
    FURTHER_BOOSTING,
    FURTHER_COMPOSITES,
    FURTHER_MULTIPLE,
    FURTHER_CONSTANTS,
):
    FURTHER.update(further)
LABELS |= KERNEL_LABELS | COMPOSITE_LABELS | MULTIPLE_LABELS
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
    "compare",
    "encoded",
    "encoder_network",
    "known_classes",
    "knows_empty",
    "made_up_documents",
    "measured",
    "method_of",
    "methods_of",
    "network_for",
    "network_of",
    "outputs_of",
    "own_outputs",
    "reads_documents",
    "synthetic_rows",
    "texts_of",
    "with_deviation",
    "with_levels",
]
