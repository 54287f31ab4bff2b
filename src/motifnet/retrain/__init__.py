"""What happens to the network after the transfer, each stage kept only if rows that it has not seen are predicted better."""

from motifnet.retrain._cross_tune import CrossTuned, TunedModel, cross_tune
from motifnet.retrain._inner import InnerLayers, InnerSettings, train_inner

__all__ = ["CrossTuned", "InnerLayers", "InnerSettings", "TunedModel", "cross_tune", "train_inner"]
