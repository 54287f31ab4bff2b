"""Bad input to networks, mimic and streams, as in bad_input_cases.py."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import scipy.sparse
from sklearn.tree import DecisionTreeRegressor

from motifnet import mimic
from motifnet.engine import DataError, FileError, ResourceError, UsageError
from tests.estimators.bad_input import (
    FRAME,
    LARGE,
    N,
    Refused,
    X,
    Y,
    imitation,
    network,
    regressor,
    stream,
    svr,
    updated,
)

REFUSED: dict[str, Refused] = {
    # networks
    "retraining on gaps": (
        lambda: network().retrain(X * np.nan, Y),
        DataError,
        "missing values.*Leave",
    ),
    "retraining on two targets": (
        lambda: network().retrain(X, np.ones((N, 2))),
        DataError,
        r"2 columns.*1 outputs.*\(40, 1\)",
    ),
    "retraining on complex targets": (lambda: network().retrain(X, Y * 1j), DataError, "complex"),
    "retraining on few rows": (
        lambda: network().retrain(X[:2], Y[:2]),
        DataError,
        "at least 4 rows.*got 2",
    ),
    "retraining for half an epoch": (
        lambda: network().retrain(X, Y, epochs=0.5),  # type: ignore[arg-type]
        UsageError,
        "epochs=0.5.*whole number",
    ),
    "retraining by a seed of text": (
        lambda: network().retrain(X, Y, seed="x"),  # type: ignore[arg-type]
        UsageError,
        "seed='x'",
    ),
    "retraining without weights": (
        lambda: network().retrain(X, Y, np.zeros(N)),
        DataError,
        "non-zero",
    ),
    "update by no rows": (lambda: network().update(X[:0], Y[:0]), DataError, "X has 0 rows"),
    "update by two targets": (
        lambda: network().update(X, np.ones((N, 2))),
        DataError,
        "2 columns.*1 outputs",
    ),
    "update by huge targets": (
        lambda: network().update(X, Y * 1e300),
        DataError,
        r"above 1e\+150.*another unit",
    ),
    "update by an endless ridge": (
        lambda: network().update(X, Y, ridge=np.inf),
        UsageError,
        "ridge=inf.*positive",
    ),
    "update by a seed of text": (lambda: network().update(X, Y, seed="x"), UsageError, "seed='x'"),  # type: ignore[arg-type]
    "update of trees": (
        lambda: mimic(DecisionTreeRegressor().fit(X, Y), X).update(X, Y),
        UsageError,
        "last part is Affine",
    ),
    "forgetting without an update": (
        lambda: network().forget(X, Y),
        UsageError,
        "not been updated.*that `update` was given",
    ),
    "forgetting other rows": (
        lambda: updated().forget(X + 5, Y),
        DataError,
        "cannot be taken away.*given to `update`",
    ),
    "forgetting twice": (
        lambda: updated().forget(X[:20], Y[:20]).forget(X[:20], Y[:20]),
        UsageError,
        "forgotten already",
    ),
    "forgetting gaps": (
        lambda: updated().forget(X[:20], Y[:20] * np.nan),
        DataError,
        "NaN or infinity",
    ),
    # mimic
    "mimic of a class": (lambda: mimic(type(svr()), X), UsageError, "no transfer"),
    "mimic of a deviation that is not there": (
        lambda: mimic(svr(), X, return_std=True),
        UsageError,
        "GaussianProcessRegressor, but got SVR",
    ),
    "mimic on sparse rows": (
        lambda: mimic(svr(), scipy.sparse.csr_array(X)),
        DataError,
        "does not take X",
    ),
    "mimic on no rows": (lambda: mimic(svr(), X[:0]), DataError, "does not take X.*0 sample"),
    "imitation without rows": (lambda: mimic(lambda rows: rows), UsageError, "Pass X"),
    "imitation of few rows": (lambda: imitation(FRAME), DataError, "40 rows; at least 50"),
    "imitation on a file name": (lambda: imitation("t.csv"), DataError, "type str.*read_table"),
    "imitation on a dict": (lambda: imitation({"a": [1]}), DataError, "type dict"),
    "imitation on three dimensions": (
        lambda: imitation(np.ones((60, 2, 2))),
        DataError,
        "3D array",
    ),
    "imitation on lazy rows": (
        lambda: imitation(pl.DataFrame(LARGE).lazy()),
        DataError,
        r"collect\(\)",
    ),
    "imitation on names twice": (
        lambda: imitation(pd.concat([LARGE, LARGE], axis=1)),
        DataError,
        "Duplicate column names",
    ),
    "imitation of one number": (
        lambda: imitation(answer=lambda rows: 3.0),
        DataError,
        r"shape \(\) for 60000 rows",
    ),
    "imitation of gaps": (
        lambda: imitation(answer=lambda rows: np.full(len(rows), np.nan)),
        DataError,
        "not finite.*a number a row",
    ),
    "imitation by rectifiers": (
        lambda: imitation(form="relu"),
        UsageError,
        "form='relu'.*Leave it out",
    ),
    # streams
    "stream of nothing": (lambda: stream(None), UsageError, "None.*no path"),
    "stream of a frame": (lambda: stream(LARGE), UsageError, "DataFrame.*no path"),
    "stream of a file that is not there": (
        lambda: stream("no.csv"),
        FileError,
        "no.csv cannot be read: No such file",
    ),
    "stream of it from a checkpoint": (
        lambda: stream("no.csv", settings={"checkpoint": "kept"}),
        FileError,
        "no.csv cannot be read: No such file",
    ),
    "stream of a folder": (
        lambda: stream("dir", settings={"checkpoint": "kept"}),
        FileError,
        "Is a directory",
    ),
    "stream of few rows": (lambda: stream("few.csv"), DataError, "50 rows, fewer than the 1,000"),
    "stream of names twice": (lambda: stream("twice.csv"), DataError, "duplicate column names 'a'"),
    "stream without the target": (
        lambda: stream(target="z"),
        UsageError,
        "'z' is not a column.*'a', 'town', 'y'",
    ),
    "stream to texts": (lambda: stream(target="town"), DataError, "regression needs numbers"),
    "stream without a dropped column": (
        lambda: stream(drop=["z"]),
        UsageError,
        "'z' is not a column",
    ),
    "stream without letters": (
        lambda: stream(drop="town"),
        UsageError,
        "drop='town' must be a list",
    ),
    "stream of half a unit": (
        lambda: stream(landmarks=0.5),
        UsageError,
        "landmarks=0.5.*whole number",
    ),
    "stream in memory of text": (
        lambda: stream(memory_limit_mb="much"),
        UsageError,
        "memory_limit_mb='much'.*positive",
    ),
    "stream in no memory": (
        lambda: stream(memory_limit_mb=1),
        ResourceError,
        "1 MB is the limit.*fewer landmarks",
    ),
    "stream of medians": (
        lambda: stream(settings={"objective": "absolute"}),
        UsageError,
        "objective='absolute' is for `fit`",
    ),
    "stream of an array of teachers": (
        lambda: stream(settings={"teachers": np.array(["linear", "x"])}),
        UsageError,
        "is for `fit`",
    ),
    "checkpoint in a number": (lambda: regressor(checkpoint=3).fit(X, Y), UsageError, "3.*no path"),
    "checkpoint in a file": (
        lambda: regressor(checkpoint="file").fit(X, Y),
        FileError,
        "'file' cannot be used",
    ),
    "checkpoint of a limited fit": (
        lambda: regressor(checkpoint="kept", time_limit_s=5).fit(X, Y),
        UsageError,
        "exclude each other",
    ),
    "engine unknown": (lambda: regressor(engine="spark").fit(X, Y), UsageError, "'spark'.*'local'"),
}
