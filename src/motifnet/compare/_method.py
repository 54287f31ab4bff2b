"""A method: how to build it, which packages it needs, and in which form it takes a table.

`Inputs` gives a table one of four forms. Everything is learned from the training rows.

    table        as it is
    categories   numbers with missing values; every other column as a pandas categorical, missing
                 values and unseen levels as the level "(missing)"
    filled       the same, missing numbers filled with the median
    matrix       the same, each of the most frequent levels as a column of 0 and 1

Dates are days since 1970. `Environment` is another Python, for packages whose pins conflict with
ours.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

MISSING = "(missing)"
MAX_LEVELS = 100
_PIP = {"sklearn": "scikit-learn", "xgboost": "xgboost-cpu"}
Form = Literal["table", "categories", "filled", "matrix"]
Kind = Literal["ours", "default", "strong"]
Target = NDArray[Any]
Predict = Callable[[pd.DataFrame], NDArray[np.float64]]


@dataclass(frozen=True)
class Environment:
    """The Python that an environment variable names, or this one. pip installs `package` with
    `extras` there.
    """

    variable: str
    package: str
    extras: str = ""

    @property
    def python(self) -> str:
        """The program to start."""
        return os.environ.get(self.variable) or sys.executable

    @property
    def missing(self) -> list[str]:
        """What pip would have to install. A Python that the variable names is assumed to have
        it.
        """
        there = (
            shutil.which(self.python)
            if os.environ.get(self.variable)
            else find_spec(self.package.partition(".")[0])
        )
        return [] if there else [f"{self.package}{self.extras}"]

    @property
    def version(self) -> str:
        """Name and version of the package there."""
        return _version(self.python, self.package)


@cache
def _version(python: str, package: str) -> str:
    code = f"from importlib.metadata import version; print(version({package!r}))"
    command = [python, "-c", code]  # the Python that the user names
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return f"{package} {answer.stdout.strip() or 'that is not there'}"


@dataclass(frozen=True)
class Inputs:
    """Medians of the number columns and levels of the others, the most frequent first."""

    form: Form
    medians: dict[str, float]
    levels: dict[str, list[str]]

    @classmethod
    def of(cls, frame: pd.DataFrame, form: Form) -> Self:
        """Learn from training rows."""
        if form == "table":
            return cls(form, {}, {})
        names = [name for name in frame.columns if _is_number(frame[name])]
        with np.errstate(all="ignore"):
            medians = {
                name: float(np.nan_to_num(_numbers(frame[name]).dropna().median()))
                for name in names
            }
        levels = {
            name: list(_strings(frame[name]).value_counts().index)
            for name in frame.columns
            if name not in medians
        }
        return cls(form, medians, levels)

    @property
    def categories(self) -> list[str]:
        """Names of the categorical columns that come out."""
        return (
            []
            if self.form in ("table", "matrix")
            else [f"c{i}" for i in range(len(self.medians), len(self.medians) + len(self.levels))]
        )

    def __call__(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Rows as the method takes them. Columns are called c0, c1, …, since some libraries refuse
        characters in names.
        """
        if self.form == "table":
            return frame
        columns: dict[str, Any] = {}
        for name, median in self.medians.items():
            values = _numbers(frame[name])
            columns[f"c{len(columns)}"] = (
                values if self.form == "categories" else values.fillna(median)
            )
        for name, levels in self.levels.items():
            columns[f"c{len(columns)}"] = _category(_strings(frame[name]), levels)
        result = pd.DataFrame(columns, index=frame.index)
        return self._one_hot(result) if self.form == "matrix" else result

    def _one_hot(self, frame: pd.DataFrame) -> pd.DataFrame:
        blocks = [frame.iloc[:, : len(self.medians)].to_numpy()]
        for position, levels in enumerate(self.levels.values(), len(self.medians)):
            blocks.append(
                frame.iloc[:, position].to_numpy(dtype=object)[:, None]
                == np.array(levels[:MAX_LEVELS], dtype=object)
            )
        matrix = np.hstack(blocks).astype(float)
        return pd.DataFrame(
            matrix, columns=[f"c{i}" for i in range(matrix.shape[1])], index=frame.index
        )


def _is_number(column: pd.Series) -> bool:
    return bool(
        types.is_numeric_dtype(column)
        or types.is_bool_dtype(column)
        or types.is_datetime64_any_dtype(column)
    )


def _numbers(column: pd.Series) -> pd.Series:
    if types.is_datetime64_any_dtype(column):
        return (column - pd.Timestamp(0, tz=column.dt.tz)) / pd.Timedelta(days=1)
    return pd.Series(column.to_numpy(dtype=float, na_value=np.nan), column.index)


def _strings(column: pd.Series) -> pd.Series:
    return column.astype(object).where(column.notna(), MISSING).astype(str)


def _category(strings: pd.Series, levels: list[str]) -> pd.Series:
    known = strings.where(strings.isin(levels), MISSING)
    return known.astype(pd.CategoricalDtype([*levels, *([] if MISSING in levels else [MISSING])]))


@cache
def _homes() -> Mapping[str, list[str]]:
    """Which installed package a module comes from."""
    return packages_distributions()


@dataclass(frozen=True)
class Setting:
    """The setting of every method: number of classes (0 for regression), threads, seed, and the
    categorical columns of its inputs.
    """

    classes: int
    threads: int
    seed: int
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fitted:
    """A fitted model, and its predictions: values with shape (n,), or probabilities with shape (n,
    classes).
    """

    model: Any
    predict: Predict


@dataclass(frozen=True)
class Method:
    """One entry of the registry. `build` makes an estimator with scikit-learn's interface; it
    imports what it needs.

    `validation` turns held-out rows into arguments of `fit` for early stopping. `members` are the
    methods of an ensemble, or the start of a search. `environment` holds packages that cannot be
    installed next to ours.
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
        """Name and version of its packages."""
        if self.environment is not None:
            return self.environment.version
        return ", ".join(
            f"{name} {version(name)}"
            for name in (_homes().get(name, [name])[0] for name in self.needs)
        )

    def fit(
        self,
        X: pd.DataFrame,
        y: Target,
        setting: Setting,
        held_out: tuple[pd.DataFrame, Target] | None = None,
    ) -> Fitted:
        """Fit to a table; y holds numbers, or class codes from 0 to classes − 1, of which some may
        be absent from these rows.
        """
        inputs = Inputs.of(X, self.form)
        present, codes = np.unique(y, return_inverse=True) if setting.classes else (None, y)
        model = self.build(
            replace(
                setting,
                classes=0 if present is None else len(present),
                categories=tuple(inputs.categories),
            )
        )
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
