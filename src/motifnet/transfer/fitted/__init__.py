"""Fitted estimators of scikit-learn, LightGBM, XGBoost and CatBoost as networks.

Comes in: fitted estimators, and rows that they read. Goes out: networks, and rows as matrices.
Never knows about: certificates of relu forms, files.
Each family has one file, and each estimator a line in the table of its family.
"""

from motifnet.transfer._transfer import transfer
from motifnet.transfer.fitted._bases import BASES
from motifnet.transfer.fitted._boosting import BOOSTING, FURTHER_BOOSTING, XGBOOST
from motifnet.transfer.fitted._catboost import CATBOOST, with_levels
from motifnet.transfer.fitted._composite import (
    CALIBRATION,
    COMPOSITE_LABELS,
    COMPOSITES,
    FURTHER_COMPOSITES,
)
from motifnet.transfer.fitted._densities import DENSITIES, FURTHER_DENSITIES
from motifnet.transfer.fitted._documents import (
    DOCUMENTS,
    Documents,
    Reader,
    reads_documents,
    synthetic_documents,
)
from motifnet.transfer.fitted._encoders import ENCODERS, code, encoder_network, knows_empty
from motifnet.transfer.fitted._frame import Columns, Uses, coded, encoded, strings_of
from motifnet.transfer.fitted._gaussian_process import PROCESSES, with_deviation
from motifnet.transfer.fitted._kernels import FURTHER_KERNELS, KERNEL_LABELS, KERNELS
from motifnet.transfer.fitted._linear import (
    CONSTANTS,
    FURTHER_CONSTANTS,
    FURTHER_LINEAR,
    LINEAR,
    PERCEPTRONS,
)
from motifnet.transfer.fitted._multioutput import FURTHER_MULTIPLE, MULTIPLE, MULTIPLE_LABELS
from motifnet.transfer.fitted._neighbours import CLUSTERS, FURTHER_CLUSTERS, NEIGHBOURS
from motifnet.transfer.fitted._preprocessing import IMPUTERS, SCALERS
from motifnet.transfer.fitted._registry import (
    FURTHER,
    LABELS,
    TRANSFERS,
    coded_network,
    method_of,
    methods_of,
    network_for,
    network_of,
    outputs_of,
    own_outputs,
)
from motifnet.transfer.fitted._trees import FURTHER_TREES, TREES
from motifnet.transfer.fitted._validation import (
    COMPILED_LOSSES,
    SCALARS,
    TREE,
    compare,
    known_classes,
    measured,
    synthetic_rows,
)

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
transfer.register(object, network_of)  # all types without a transfer of their own

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
    "coded_network",
    "compare",
    "encoded",
    "encoder_network",
    "known_classes",
    "knows_empty",
    "measured",
    "method_of",
    "methods_of",
    "network_for",
    "outputs_of",
    "own_outputs",
    "reads_documents",
    "strings_of",
    "synthetic_documents",
    "synthetic_rows",
    "with_deviation",
    "with_levels",
]
