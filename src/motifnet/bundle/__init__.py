"""The saved model and the exported one.

Comes in: a fitted model. Goes out: a file that loads to equal predictions, or an ONNX file of the same function. Never knows about: estimators.
"""

from motifnet.bundle._errors import BundleError
from motifnet.bundle._load import load_model
from motifnet.bundle._model import FittedModel
from motifnet.bundle._onnx import network_to_onnx
from motifnet.bundle._onnx_check import Parity, ParityError
from motifnet.bundle._onnx_model import to_onnx
from motifnet.bundle._python import to_python
from motifnet.bundle._run import run
from motifnet.bundle._save import check_width, pack, save_model
from motifnet.engine import atomic_file

__all__ = [
    "BundleError",
    "FittedModel",
    "Parity",
    "ParityError",
    "atomic_file",
    "check_width",
    "load_model",
    "network_to_onnx",
    "pack",
    "run",
    "save_model",
    "to_onnx",
    "to_python",
]
