"""From fitted models to networks by calculation, and what is known about the difference.

Comes in: fitted models. Goes out: networks of motifs, certificates, cards. Never knows about: how a network is retrained or saved.
"""

from motifnet.mimicry import _estimator, _linear, _relu_motifs, _relu_tree, _splines, _support_vectors, _trees, fitted  # noqa: F401 (they register themselves)
from motifnet.mimicry._base import transfer
from motifnet.mimicry._card import Block, Card, describe_network
from motifnet.mimicry._certificate import Certificate, certify, certify_rows, far_away, largest_difference, sobol_box, units, values_of
from motifnet.mimicry._errors import MimicryError
from motifnet.mimicry._estimator import coded_network
from motifnet.mimicry._kernel import kernel_network, steady
from motifnet.mimicry._read_kernel import KernelNetwork, in_front, keeps_columns, read_kernel
from motifnet.mimicry._relu import ReluForm, relu_form
from motifnet.mimicry._trees import tree_network

__all__ = [
    "Block",
    "Card",
    "Certificate",
    "KernelNetwork",
    "MimicryError",
    "ReluForm",
    "certify",
    "certify_rows",
    "coded_network",
    "describe_network",
    "far_away",
    "in_front",
    "keeps_columns",
    "kernel_network",
    "largest_difference",
    "read_kernel",
    "relu_form",
    "sobol_box",
    "steady",
    "transfer",
    "tree_network",
    "units",
    "values_of",
]
