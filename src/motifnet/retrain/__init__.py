"""What happens to the network after the transfer, each stage kept only if rows that it has not seen are predicted better."""

from motifnet.retrain._adam import Adam
from motifnet.retrain._blocks import Blocks, predicted_blocks
from motifnet.retrain._cross_tune import CrossTuned, TunedModel, cross_tune, fold_model, solve_whole
from motifnet.retrain._epochs import FineTuneSettings
from motifnet.retrain._few_centres import with_centres
from motifnet.retrain._fine_tune import EpochChoice, FineTuned, choose_epochs, fine_tune, fine_tune_stage
from motifnet.retrain._inner import InnerSettings, Places, train_inner
from motifnet.retrain._inner_layers import InnerLayers
from motifnet.retrain._last_layer import LastLayer, refit_last_layer, refit_ridge, solve_last_layer
from motifnet.retrain._loss_refit import refit_under_loss
from motifnet.retrain._mixture import mixture
from motifnet.retrain._output import coefficients, ends_affine, with_output
from motifnet.retrain._row_sums import RowSums
from motifnet.retrain._softmax_refit import refit_softmax
from motifnet.retrain._start import Start, beside, starts_of
from motifnet.retrain._sup_norm import SupNormSettings, radii_of, train_on_balls, train_sup_norm
from motifnet.retrain._sup_norm_stage import SupNormTrained, largest_local_error, sup_norm_stage
from motifnet.retrain._transfer import insert_layers

__all__ = [
    "Adam",
    "Blocks",
    "CrossTuned",
    "EpochChoice",
    "FineTuneSettings",
    "FineTuned",
    "InnerLayers",
    "InnerSettings",
    "LastLayer",
    "Places",
    "RowSums",
    "Start",
    "SupNormSettings",
    "SupNormTrained",
    "TunedModel",
    "beside",
    "choose_epochs",
    "coefficients",
    "cross_tune",
    "ends_affine",
    "fine_tune",
    "fine_tune_stage",
    "fold_model",
    "insert_layers",
    "largest_local_error",
    "mixture",
    "predicted_blocks",
    "radii_of",
    "refit_last_layer",
    "refit_ridge",
    "refit_softmax",
    "refit_under_loss",
    "solve_last_layer",
    "solve_whole",
    "starts_of",
    "sup_norm_stage",
    "train_inner",
    "train_on_balls",
    "train_sup_norm",
    "with_centres",
    "with_output",
]
