"""A table with columns of every kind, and a fitted model put together by hand on it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from motifnet.engine import LedgerRow
from motifnet.kernels import Kernel
from motifnet.model import FitInfo, FittedModel, save_model
from motifnet.motifs import Affine, Chain, Parallel, Precise, Softmax
from motifnet.tables import Encoder, Table, as_table, make_folds
from motifnet.transfer import Certificate, describe_network, kernel_network
from motifnet.uncertainty import ClassSets, Intervals


def frame(n: int = 300, seed: int = 0) -> pd.DataFrame:
    """Numbers, truth values, texts, whole-number levels, many levels, dates; gaps everywhere."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "x": rng.normal(5, 3, n),
            "flag": pd.array(rng.integers(0, 2, n).astype(bool), dtype="boolean"),
            "colour": rng.choice(np.array(["red", "green", 'blu"e', "ü,"], dtype=object), n),
            "zone": pd.Categorical(rng.choice([10, 20, 30], n)),
            "street": [f"street {i}" for i in rng.integers(0, 70, n)],
            "day": pd.to_datetime("2020-01-01")
            + pd.to_timedelta(rng.integers(0, 900 * 24, n), unit="h"),
            "fixed": np.ones(n),
        }
    )
    for column in table.columns[:-1]:
        table.loc[rng.random(n) < 0.1, column] = None
    return table


def make_model(*, classes: tuple[Any, ...] | None = None, q: int = 2, m: int = 60) -> FittedModel:
    """A model with the encoder of that table and a network of random weights."""
    rng = np.random.default_rng(1)
    table = as_table(frame())
    y = rng.normal(size=(table.n, q))
    encoder, X, _ = Encoder.fit(table, y, np.ones(table.n), make_folds(table.n, 3, 0))
    kernel = Kernel(
        ("laplace1", "gaussian", "matern52"), np.array([0.5, 0.3, 0.2]), np.array([0.05, 0.1, 0.2])
    )
    width = q if classes is None else len(classes)
    body = kernel_network(
        kernel,
        X[:m],
        rng.normal(size=(m, width)),
        np.zeros(width),
        linear_map=rng.normal(size=(X.shape[1], 4)),
    )
    body = Parallel(
        torch.tensor([0.7, 0.3]).double(),
        [
            body,
            Affine(torch.tensor(rng.normal(size=(width, X.shape[1]))), torch.zeros(width).double()),
        ],
    )
    network = Precise(Chain([body] if classes is None else [body, Softmax()], label="test"))
    ledger = (
        LedgerRow("convex fit", 0.25, 0.3, 10, True, "first"),
        LedgerRow("last layer", 1e-3, float("inf"), 10, False),
    )
    return FittedModel(
        encoder,
        table.schema,
        network,
        "regression" if classes is None else "classification",
        tuple(f"y{j}" for j in range(q)) if classes is None else ("class",),
        classes,
        ledger,
        describe_network(network, X.shape[1]),
        Certificate("native", None, 1e-13, 2e-13, 3e-13, 64),
        FitInfo(preset="fast", rows=300),
    )


def later(n: int = 2500) -> Table:
    """Rows that the fit has not seen, levels among them."""
    return as_table(later_frame(n), schema=as_table(frame()).schema)


def later_frame(n: int) -> pd.DataFrame:
    """The same as a data frame."""
    rows = frame(n, seed=5)
    rows.loc[::7, "colour"] = "violet"
    rows.loc[::11, "street"] = "another street"
    return rows


def write_golden(folder: Path, protocol: int) -> None:
    """Golden files of a protocol: a bundle, rows, and its predictions for them. Written once for
    each protocol, and never again.
    """
    folder.mkdir(exist_ok=True)
    for name, classes in (("regression", None), ("classes", ("a", "b", "c"))):
        model = make_model(classes=classes, q=1, m=6)
        save_model(model, folder / f"protocol_{protocol}_{name}.motif")
        np.save(folder / f"protocol_{protocol}_{name}.npy", model.predict(later(40)))
    later_frame(40).to_csv(folder / f"protocol_{protocol}.csv", index=False)


def golden_bounds(model: FittedModel, rows: Table) -> NDArray[Any]:
    """Intervals, or sets of classes, of two levels."""
    levels = np.array([0.5, 0.8])
    return (
        model.predict_interval(rows, levels)
        if model.classes is None
        else model.predict_set(rows, levels)
    )


def write_golden_bounds(folder: Path, protocol: int) -> None:
    """Golden files of models that know of their errors: bundles, predictions and bounds for the
    rows of `write_golden`.
    """
    rng = np.random.default_rng(2)
    for name, classes in (("intervals", None), ("sets", ("a", "b", "c"))):
        model = make_model(classes=classes, q=1, m=6)
        scale = Affine(
            torch.tensor(0.05 * rng.normal(size=(1, model.d + 1))), torch.zeros(1).double()
        )
        weight = rng.choice([1.0, 2.0], 30)
        known = (
            Intervals(scale, rng.normal(size=(30, 1)), weight, 1.0)
            if classes is None
            else ClassSets(rng.random((30, 2)), weight, 1.0)
        )
        model = replace(model, conformal=known)
        save_model(model, folder / f"protocol_{protocol}_{name}.motif")
        np.save(folder / f"protocol_{protocol}_{name}.npy", model.predict(later(40)))
        np.save(folder / f"protocol_{protocol}_{name}_bounds.npy", golden_bounds(model, later(40)))
