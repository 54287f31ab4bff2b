"""A method: how to build it, which packages it needs, and in which form it takes a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motifnet.compare._environment import Environment
from motifnet.compare._inputs import Form, Inputs

Kind = Literal["ours", "default", "strong"]
Target = NDArray[Any]
Predict = Callable[[pd.DataFrame], NDArray[np.float64]]
_PIP = {"sklearn": "scikit-learn", "xgboost": "xgboost-cpu"}


@cache
def _homes() -> Mapping[str, list[str]]:
    """Which installed package a module comes from."""
    return packages_distributions()


@dataclass(frozen=True)
class Setting:
    """What every method is told: number of classes (0 for regression), threads, seed, and the categorical columns that it will get."""

    classes: int
    threads: int
    seed: int
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fitted:
    """A fitted model, and its predictions: values with shape (n,), or probabilities with shape (n, classes)."""

    model: Any
    predict: Predict


@dataclass(frozen=True)
class Method:
    """One entry of the registry. `build` makes an estimator with scikit-learn's interface; it imports what it needs.

    `validation` turns held-out rows into arguments of `fit` for early stopping; `members` are the methods that an ensemble is made of or a search
    begins with; `environment` is where packages live that cannot be installed beside ours.
    """

    label: str
    kind: Kind
    needs: tuple[str, ...]
    form: Form
    build: Callable[[Setting], Any]
    validation: Callable[[Any, Target], dict[str, Any]] | None = None
    members: tuple[Method, ...] = ()
    environment: Environment | None = None

    @property
    def missing(self) -> list[str]:
        """What pip would have to install."""
        if self.environment is not None:
            return self.environment.missing
        return [_PIP.get(name, name) for name in self.needs if find_spec(name) is None]

    @property
    def version(self) -> str:
        """Name and version of the packages behind it."""
        if self.environment is not None:
            return self.environment.version
        return ", ".join(f"{name} {version(name)}" for name in (_homes().get(name, [name])[0] for name in self.needs))

    def fit(self, X: pd.DataFrame, y: Target, setting: Setting, held_out: tuple[pd.DataFrame, Target] | None = None) -> Fitted:
        """Fit to a table; y holds numbers, or class codes from 0 to classes − 1, of which some may be absent from these rows."""
        inputs = Inputs.of(X, self.form)
        present, codes = np.unique(y, return_inverse=True) if setting.classes else (None, y)
        model = self.build(replace(setting, classes=0 if present is None else len(present), categories=tuple(inputs.categories)))
        arguments: dict[str, Any] = {}
        if held_out is not None and self.validation is not None:
            X_held, y_held = held_out
            if present is not None:
                known = np.isin(y_held, present)
                X_held, y_held = X_held[known], np.searchsorted(present, y_held[known])
            arguments = self.validation(inputs(X_held), y_held)
        model.fit(inputs(X), codes, **arguments)

        def predict(frame: pd.DataFrame) -> NDArray[np.float64]:
            if present is None:
                return np.asarray(model.predict(inputs(frame)), dtype=float).ravel()
            probabilities = np.zeros((len(frame), setting.classes))
            probabilities[:, present] = model.predict_proba(inputs(frame))
            return probabilities

        return Fitted(model, predict)
