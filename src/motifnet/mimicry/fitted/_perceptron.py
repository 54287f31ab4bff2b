"""scikit-learn's multi-layer perceptron: the network that it is."""

from __future__ import annotations

from typing import Any

from motifnet.mimicry._affine import affine
from motifnet.mimicry.fitted._lookup import Transfer
from motifnet.mimicry.fitted._parts import two_sided
from motifnet.motifs import Chain, Exp, Motif, ReLU, Sigmoid, Softmax, Tanh

_ACTIVATIONS: dict[str, type[Motif] | None] = {"identity": None, "logistic": Sigmoid, "relu": ReLU, "softmax": Softmax, "tanh": Tanh}


def _layers(model: Any) -> list[Motif]:
    parts: list[Motif] = []
    for k, (weight, bias) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        parts.append(affine(weight, bias))
        kind = _ACTIVATIONS[model.activation] if k < len(model.coefs_) - 1 else None
        parts += [kind()] if kind else []
    return parts


def _regressor(model: Any) -> list[Motif]:
    return [*_layers(model), Exp()] if getattr(model, "loss", "") == "poisson" else _layers(model)


def _classifier(model: Any) -> list[Motif]:
    if model.out_activation_ == "softmax":
        return [*_layers(model), Softmax()]
    p = Chain([*_layers(model), Sigmoid()])
    return two_sided(p) if model.n_outputs_ == 1 else [p]


PERCEPTRONS: dict[str, Transfer] = {"MLPClassifier": _classifier, "MLPRegressor": _regressor}
