"""Fitted estimators of scikit-learn, LightGBM, XGBoost and CatBoost as networks: one file for each family, a line in its table for each estimator."""

from motifnet.mimicry._base import transfer
from motifnet.mimicry.fitted._bases import BASES
from motifnet.mimicry.fitted._boosting import BOOSTING, BOOSTING_SCORES
from motifnet.mimicry.fitted._calibration import CALIBRATION
from motifnet.mimicry.fitted._catboost import CATBOOST, with_levels
from motifnet.mimicry.fitted._codes import code, knows_empty
from motifnet.mimicry.fitted._composite import COMPOSITE_LABELS, COMPOSITE_SCORES, COMPOSITES
from motifnet.mimicry.fitted._constants import CONSTANT_SCORES, CONSTANTS
from motifnet.mimicry.fitted._encoders import ENCODERS
from motifnet.mimicry.fitted._frame import Columns, coded, texts_of
from motifnet.mimicry.fitted._kernels import KERNEL_LABELS, KERNEL_SCORES, KERNELS
from motifnet.mimicry.fitted._known_types import COMPILED_LOSSES, SCALARS, TREE, known_classes
from motifnet.mimicry.fitted._linear import LINEAR, LINEAR_SCORES
from motifnet.mimicry.fitted._lookup import TRANSFERS, network_of
from motifnet.mimicry.fitted._members import LABELS, SCORES
from motifnet.mimicry.fitted._multiple import MULTIPLE, MULTIPLE_LABELS, MULTIPLE_SCORES
from motifnet.mimicry.fitted._output import method_of, outputs_of, own_outputs
from motifnet.mimicry.fitted._own_encoder import encoder_network
from motifnet.mimicry.fitted._perceptron import PERCEPTRONS
from motifnet.mimicry.fitted._process import PROCESSES, with_deviation
from motifnet.mimicry.fitted._scalers import SCALERS
from motifnet.mimicry.fitted._trees import TREE_SCORES, TREES
from motifnet.mimicry.fitted._uses import Uses
from motifnet.mimicry.fitted._xgboost import XGBOOST

TRANSFERS |= LINEAR | KERNELS | PROCESSES | PERCEPTRONS | TREES | BOOSTING | XGBOOST | CATBOOST | SCALERS | BASES | ENCODERS
TRANSFERS |= COMPOSITES | MULTIPLE | CALIBRATION | CONSTANTS
SCORES |= LINEAR_SCORES | KERNEL_SCORES | TREE_SCORES | BOOSTING_SCORES | COMPOSITE_SCORES | MULTIPLE_SCORES | CONSTANT_SCORES
LABELS |= KERNEL_LABELS | COMPOSITE_LABELS | MULTIPLE_LABELS
transfer.register(object, network_of)  # what no family of ours knows

__all__ = [
    "COMPILED_LOSSES",
    "SCALARS",
    "TRANSFERS",
    "TREE",
    "Columns",
    "Uses",
    "code",
    "coded",
    "encoder_network",
    "known_classes",
    "knows_empty",
    "method_of",
    "network_of",
    "outputs_of",
    "own_outputs",
    "texts_of",
    "with_deviation",
    "with_levels",
]
