"""Training after the transfer: feature layers, output layers, all parameters at once.

Comes in: a sample, fitted kernel machines, networks. Goes out: trained models and networks, each
with out-of-fold predictions. A stage is kept only if it predicts held-out rows better. Never knows
about: the order of the stages, files, estimators.
"""

from __future__ import annotations

from motifnet.training._adam import Adam
from motifnet.training._centres import with_centres
from motifnet.training._cross_tune import cross_tune
from motifnet.training._feature_layers import FeatureLayers
from motifnet.training._feature_learning import (
    FeatureSettings,
    Places,
    batch_blocks,
    train_feature_layers,
)
from motifnet.training._fine_tune import (
    EpochChoice,
    FineTuned,
    choose_epochs,
    fine_tune,
    fine_tune_stage,
    pick_epochs,
)
from motifnet.training._last_layer import (
    LastLayer,
    RowSums,
    coefficients,
    ends_affine,
    refit_last_layer,
    refit_ridge,
    solve_last_layer,
    with_output,
)
from motifnet.training._loss_refit import refit_softmax, refit_under_loss, temperature
from motifnet.training._minibatch import FineTuneSettings
from motifnet.training._pairwise import mixture
from motifnet.training._parameters import FeatureParameters
from motifnet.training._start import Start, add_profiles, gradient_map, starts_of
from motifnet.training._sup_norm import (
    SupNormSettings,
    SupNormTrained,
    best_estimate,
    corrected_output,
    largest_local_error,
    radii_of,
    relu_network,
    sup_norm_stage,
    train_on_balls,
    train_sup_norm,
)
from motifnet.training._tuned_model import (
    Blocks,
    CrossTuned,
    TunedModel,
    fold_model,
    least_count,
    predicted_blocks,
    solve_whole,
)

__all__ = [
    "Adam",
    "Blocks",
    "CrossTuned",
    "EpochChoice",
    "FeatureLayers",
    "FeatureParameters",
    "FeatureSettings",
    "FineTuneSettings",
    "FineTuned",
    "LastLayer",
    "Places",
    "RowSums",
    "Start",
    "SupNormSettings",
    "SupNormTrained",
    "TunedModel",
    "add_profiles",
    "batch_blocks",
    "best_estimate",
    "choose_epochs",
    "coefficients",
    "corrected_output",
    "cross_tune",
    "ends_affine",
    "fine_tune",
    "fine_tune_stage",
    "fold_model",
    "gradient_map",
    "largest_local_error",
    "least_count",
    "mixture",
    "pick_epochs",
    "predicted_blocks",
    "radii_of",
    "refit_last_layer",
    "refit_ridge",
    "refit_softmax",
    "refit_under_loss",
    "relu_network",
    "solve_last_layer",
    "solve_whole",
    "starts_of",
    "sup_norm_stage",
    "temperature",
    "train_feature_layers",
    "train_on_balls",
    "train_sup_norm",
    "with_centres",
    "with_output",
]
