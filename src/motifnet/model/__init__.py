"""The finished model: it predicts, and it is saved, loaded and exported.

Comes in: encoder, network and the notes of a fit. Goes out: predictions, a file that loads to equal
predictions, an ONNX graph or a Python file of the same function. Never knows about: fits,
estimators.
"""

from motifnet.model._archive import MANIFEST, TENSORS, BundleError, read_archive, write_archive
from motifnet.model._distribution import distribution_of
from motifnet.model._fitted import FitInfo, FittedModel, run
from motifnet.model._ledger import Ledger
from motifnet.model._onnx import network_to_onnx, to_onnx
from motifnet.model._onnx_check import ParityError
from motifnet.model._python import to_python
from motifnet.model._python_model import model_to_python
from motifnet.model._serialize import PROTOCOL, check_width, load_model, pack, save_model
from motifnet.model._synthetic import rows_for, synthetic

__all__ = [
    "MANIFEST",
    "PROTOCOL",
    "TENSORS",
    "BundleError",
    "FitInfo",
    "FittedModel",
    "Ledger",
    "ParityError",
    "check_width",
    "distribution_of",
    "load_model",
    "model_to_python",
    "network_to_onnx",
    "pack",
    "read_archive",
    "rows_for",
    "run",
    "save_model",
    "synthetic",
    "to_onnx",
    "to_python",
    "write_archive",
]
