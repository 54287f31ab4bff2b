"""Estimators that give the same at every row."""

from __future__ import annotations

from typing import Any

import numpy as np

from motifnet.engine import UsageError
from motifnet.mimicry.fitted._lookup import Transfer
from motifnet.mimicry.fitted._parts import constant
from motifnet.motifs import Motif
from motifnet.tables import Matrix


def _values(model: Any) -> list[Motif]:
    return [constant(np.ravel(model.constant_))]


def _probabilities(model: Any) -> list[Motif]:
    """Those of its outputs side by side; `stratified` draws at random."""
    if model._strategy == "stratified":
        raise UsageError("DummyClassifier(strategy='stratified') draws at random. Fit it with strategy='prior', which gives the mean of its draws.")
    several = model.n_outputs_ > 1
    priors, classes = (kept if several else [kept] for kept in (model.class_prior_, model.classes_))
    given = np.ravel(model.constant) if model._strategy == "constant" else [None] * len(classes)
    return [constant(np.concatenate([_shares(model._strategy, *each) for each in zip(priors, classes, given, strict=True)]))]


def _shares(strategy: str, prior: Matrix, classes: Any, given: Any) -> Matrix:
    if strategy == "uniform":
        return np.full(len(prior), 1 / len(prior))
    if strategy == "prior":
        return np.asarray(prior)
    return np.asarray(np.arange(len(prior)) == np.argmax(prior) if strategy == "most_frequent" else classes == given, dtype=np.float64)


def _share(model: Any) -> float:
    """What OneVsRestClassifier puts in the place of a class that no row, or every row, has."""
    return float(np.ravel(model.y_)[0])


CONSTANTS: dict[str, Transfer] = {
    "DummyClassifier": _probabilities,
    "DummyRegressor": _values,
    "_ConstantPredictor": lambda model: [constant([1 - _share(model), _share(model)])],
}
FURTHER_CONSTANTS: dict[tuple[str, str], Transfer] = {("_ConstantPredictor", "decision_function"): lambda model: [constant([_share(model)])]}
