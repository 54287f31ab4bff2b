"""Fitted models as networks by calculation, and what is known about the difference.

Comes in: fitted models. Goes out: networks of motifs, certificates, cards.
Never knows about: how a network is retrained or saved.
"""

from motifnet.transfer import _relu_motifs, _relu_tree  # noqa: F401 (they register themselves)
from motifnet.transfer._card import Block, Card, describe_network
from motifnet.transfer._certificate import (
    Certificate,
    certify,
    certify_rows,
    far_away,
    largest_difference,
    sobol_box,
    units,
    values_of,
)
from motifnet.transfer._kernel_network import (
    KernelNetwork,
    keeps_columns,
    kernel_network,
    read_kernel,
    steady,
)
from motifnet.transfer._reduced import lost, pivoted_gains, reduce_set
from motifnet.transfer._relu import Plan, ReluForm, relu_form, relu_rule
from motifnet.transfer._relu_kernel import kernel_machine
from motifnet.transfer._relu_signal import Signal, through_affine
from motifnet.transfer._transfer import MimicryError, diagonal_affine, transfer, tree_network
from motifnet.transfer.fitted import coded_network

__all__ = [
    "Block",
    "Card",
    "Certificate",
    "KernelNetwork",
    "MimicryError",
    "Plan",
    "ReluForm",
    "Signal",
    "certify",
    "certify_rows",
    "coded_network",
    "describe_network",
    "diagonal_affine",
    "far_away",
    "keeps_columns",
    "kernel_machine",
    "kernel_network",
    "largest_difference",
    "lost",
    "pivoted_gains",
    "read_kernel",
    "reduce_set",
    "relu_form",
    "relu_rule",
    "sobol_box",
    "steady",
    "through_affine",
    "transfer",
    "tree_network",
    "units",
    "values_of",
]
