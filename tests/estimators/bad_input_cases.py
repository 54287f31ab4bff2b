"""Bad and odd input, one line a case: what is refused, with the words that the message must hold,
and what is fitted all the same.

A refused case is an action, the error of ours that it has to raise and a pattern of the message. A
mended one is an action that returns numbers, and a pattern of the warning, or None where nothing
needs to be said.
"""

from __future__ import annotations

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import scipy.sparse
import torch
from sklearn.linear_model import LinearRegression

from motifnet import mimic
from motifnet.engine import DataError, UsageError
from tests.estimators.bad_input import (
    FRAME,
    HALF,
    LABELS,
    RNG,
    Mended,
    N,
    Refused,
    Stubborn,
    X,
    Y,
    classifier,
    classify,
    fit,
    graded,
    network,
    objects,
    predict,
    put,
    regressor,
)

REFUSED: dict[str, Refused] = {
    # the table
    "X is None": (lambda: fit(None), DataError, "NoneType.*Pass a data frame"),
    "X is a file name": (lambda: fit("table.csv"), DataError, "type str.*read by pandas.read_csv"),
    "X is a dict": (lambda: fit({"a": [1.0]}), DataError, "type dict.*Pass a data frame"),
    "X is a generator": (lambda: fit(row for row in X), DataError, "type generator"),
    "X breaks as an array": (
        lambda: fit(Stubborn()),
        DataError,
        "Stubborn.*no array for you.*Pass a data frame",
    ),
    "X carries gradients": (lambda: fit(graded()), DataError, r"Tensor.*detach\(\)"),
    "X has one dimension": (lambda: fit(X[:, 0]), DataError, "2D array.*Reshape"),
    "X is a list of dicts": (lambda: fit(FRAME.to_dict("records")), DataError, "2D array, got 1D"),
    "X is ragged": (
        lambda: fit([[1, 2], [3]], [1, 2]),
        DataError,
        "different lengths.*Pass rows of equal length",
    ),
    "X has no rows": (lambda: fit(X[:0], Y[:0]), DataError, r"0 sample\(s\).*at least one row"),
    "X has no columns": (lambda: fit(X[:, :0]), DataError, r"0 feature\(s\).*at least one column"),
    "X has one row": (lambda: fit(X[:1], Y[:1]), DataError, r"1 sample\(s\).*Add rows"),
    "X is sparse": (lambda: fit(scipy.sparse.csr_array(X)), DataError, r"Sparse.*X\.toarray\(\)"),
    "X is complex": (lambda: fit(X * 1j), DataError, "Complex.*'x0'.*two columns"),
    "X is infinite": (lambda: fit(put(np.inf)), DataError, "infinity.*'x1', row 3.*NaN"),
    "X is minus infinite": (lambda: fit(put(-np.inf)), DataError, "infinity.*'x1', row 3"),
    "X is beyond float64": (
        lambda: fit(X.astype(np.longdouble) * np.longdouble("1e4000")),
        DataError,
        "too large.*'x0', row 0",
    ),
    "X is an integer beyond float64": (
        lambda: fit(put(10**400, X.astype(object))),
        DataError,
        "infinity.*'x1', row 3",
    ),
    "X is lazy": (lambda: fit(pl.DataFrame(X).lazy()), DataError, r"X\.collect\(\)"),
    "X is a structured array": (
        lambda: fit(FRAME.to_records()),
        DataError,
        "structured array.*pandas.DataFrame",
    ),
    "names twice": (
        lambda: fit(pd.concat([FRAME, FRAME], axis=1)),
        DataError,
        "Duplicate column names: 'a', 'b', 'c'.*rename",
    ),
    "names of mixed types": (
        lambda: fit(FRAME.rename(columns={"a": 7})),
        DataError,
        "string names.*astype",
    ),
    "cells are lists": (
        lambda: fit(objects([1])),
        DataError,
        r"'p', row 0.*\[1\] of type "
        r"list.*Convert the column",
    ),
    "cells are bytes": (lambda: fit(objects(b"x")), DataError, "'p', row 0.*bytes"),
    "cells are functions": (lambda: fit(objects(len)), DataError, "'p', row 0.*builtin"),
    "cells are times of the day": (
        lambda: fit(objects(dt.time(1))),
        DataError,
        "'p', row 0.*datetime.time",
    ),
    "cells are records of polars": (
        lambda: fit(pl.DataFrame({"a": [{"x": 1}] * N})),
        DataError,
        "'a', row 0.*dict",
    ),
    "cells are arrays of polars": (
        lambda: fit(pl.DataFrame({"a": X[:, :2]})),
        DataError,
        "'a', row 0",
    ),
    "cells are records of pyarrow": (
        lambda: fit(pa.table({"a": pa.array([{"x": 1}] * N)})),
        DataError,
        "'a', row 0.*dict",
    ),
    "cells are dates and texts": (
        lambda: fit(objects("x", pd.Timestamp("2024-01-01"))),
        DataError,
        "'p', row 1.*Timestamp",
    ),
    "cells are signalling NaN": (
        lambda: fit(objects(decimal.Decimal("sNaN"), decimal.Decimal(1))),
        DataError,
        "'p'.*cannot be read",
    ),
    # the target
    "y is None": (lambda: fit(y=None), DataError, "y is None.*one value for each row"),
    "y is a text": (lambda: fit(y="price"), DataError, r"shape \(\).*one value for each row"),
    "y has three dimensions": (lambda: fit(y=np.ones((N, 1, 1))), DataError, r"shape \(40, 1, 1\)"),
    "y has no column": (lambda: fit(y=np.ones((N, 0))), DataError, "no column"),
    "y is too short": (lambda: fit(y=Y[:-1]), DataError, r"\[40, 39\].*each row"),
    "y has a gap": (lambda: fit(y=np.where(np.arange(N) == 5, np.nan, Y)), DataError, "NaN.*Row 5"),
    "y has an infinity": (
        lambda: fit(y=np.where(np.arange(N) == 5, np.inf, Y)),
        DataError,
        "infinity.*Row 5",
    ),
    "y holds texts": (
        lambda: fit(y=LABELS),
        DataError,
        "row 0.*regression needs numbers.*MotifClassifier",
    ),
    "y holds dates": (
        lambda: fit(y=pd.date_range("2000", periods=N)),
        DataError,
        "'2000-01-01' in row 0",
    ),
    "y is complex": (lambda: fit(y=Y * 1j), DataError, "Complex"),
    "y is too large to square": (
        lambda: fit(y=np.sign(Y) * 1.7e308),
        DataError,
        r"1\.7e\+308 in "
        r"row 0.*1e\+305.*another unit",
    ),
    "y is all denormal": (lambda: fit(y=Y * 1e-312), DataError, "1e-300.*another unit"),
    "y is too large for its objective": (
        lambda: fit(y=Y * 1e40, settings={"objective": "absolute"}),
        DataError,
        r"1e\+30.*another unit",
    ),
    "y is too small for trees": (
        lambda: fit(y=abs(Y) * 1e-60, settings={"objective": "poisson"}),
        DataError,
        "1e-30.*another unit",
    ),
    "counts below 0": (
        lambda: fit(settings={"objective": "poisson"}),
        DataError,
        "at least 0, but row 3",
    ),
    "amounts of 0": (
        lambda: fit(y=abs(Y) * HALF, settings={"objective": "gamma"}),
        DataError,
        "above 0, but row 1",
    ),
    "one class": (lambda: classify(np.ones(N)), DataError, "one class only.*at least two"),
    "classes are numbers with fractions": (
        lambda: classify(Y),
        DataError,
        "continuous.*Row 0.*MotifRegressor",
    ),
    "a class is missing": (lambda: classify(["a", None] * (N // 2)), DataError, "NaN.*Row 1"),
    "classes of weight 0": (
        lambda: classify(LABELS, sample_weight=LABELS == "lo"),
        DataError,
        "one class only.*weights",
    ),
    "classes are several columns": (
        lambda: classify(np.eye(N)[:, :2]),
        DataError,
        "takes one target",
    ),
    # beside the table
    "weights below 0": (
        lambda: fit(sample_weight=np.where(HALF, 1, -1)),
        DataError,
        r"row 1.*-1\.0.*Use 0",
    ),
    "weights are NaN": (lambda: fit(sample_weight=np.full(N, np.nan)), DataError, "NaN.*Row 0"),
    "weights are texts": (
        lambda: fit(sample_weight=["1"] * (N - 1) + ["x"]),
        DataError,
        "not numbers.*at least 0",
    ),
    "weights are complex": (lambda: fit(sample_weight=np.ones(N) * 1j), DataError, "not numbers"),
    "weights are all 0": (lambda: fit(sample_weight=np.zeros(N)), DataError, "non-zero"),
    "weights too few": (lambda: fit(sample_weight=[1.0]), DataError, r"\(1,\), expected \(40,\)"),
    "weights in two columns": (lambda: fit(sample_weight=np.ones((N, 2))), DataError, "1D array"),
    "one group": (lambda: fit(groups=np.ones(N)), DataError, "one group only.*at least two"),
    "groups with gaps": (lambda: fit(groups=[None] * N), DataError, "NaN.*Row 0.*a group"),
    "times are texts": (lambda: fit(time=["soon"] * N), DataError, "'soon'.*ISO"),
    "one time": (lambda: fit(time=np.ones(N)), DataError, "one value only.*at least two"),
    "offset without counts": (
        lambda: fit(offset=np.ones(N)),
        UsageError,
        "log exposure.*Leave the offset out",
    ),
    "offset is no logarithm": (
        lambda: fit(y=abs(Y), settings={"objective": "poisson"}, offset=np.full(N, 1e4)),
        DataError,
        "log of the exposure",
    ),
}

MENDED: dict[str, Mended] = {
    "gaps": (lambda: fit(put(np.nan)), None),
    "a column of gaps": (lambda: fit(FRAME.assign(a=np.nan)), "left out: 'a'"),
    "nothing but gaps": (lambda: fit(X * np.nan), "left out: 'x0', 'x1', 'x2'"),
    "a constant column": (lambda: fit(FRAME.assign(a=4.0)), None),
    "a column twice": (lambda: fit(np.repeat(X[:, :1], 3, 1)), None),
    "values of 1e300": (lambda: fit(X * 1e300), None),
    "values of both ends of float64": (lambda: fit(np.sign(X) * 1.7e308), None),
    "denormal values": (lambda: fit(X * 1e-310), None),
    "the largest integers": (
        lambda: fit(np.where(X > 0, 2**63 - 1, -(2**63)).astype(np.int64)),
        None,
    ),
    "the largest unsigned integers": (
        lambda: fit(np.where(X > 0, 2**64 - 1, 0).astype(np.uint64)),
        None,
    ),
    "integers beyond 64 bits": (lambda: fit(put(2**80, X.astype(object))), None),
    "more columns than rows": (lambda: fit(RNG.normal(size=(12, 200)), Y[:12]), None),
    "a thousand columns": (lambda: fit(RNG.normal(size=(12, 1_000)), Y[:12]), None),
    "two rows": (lambda: fit(X[:2], Y[:2]), None),
    "fewer rows than folds": (lambda: fit(X[:3], Y[:3]), None),
    "one row with many targets": (lambda: fit(np.ones((N, 3))), None),
    "lone surrogates": (lambda: fit(objects("\ud800", "x")), None),
    "texts with zero characters": (lambda: fit(objects("a\0b", "a")), None),
    "names in all scripts": (lambda: fit(FRAME.set_axis(["ä\n", "名", "\u202e"], axis=1)), None),
    "names empty": (lambda: fit(FRAME.rename(columns={"a": ""})), None),
    "years 1 and 9999": (
        lambda: fit(objects(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31))),
        None,
    ),
    "zones mixed": (
        lambda: fit(
            objects(
                pd.Timestamp("2024-01-01", tz="UTC"), pd.Timestamp("2024-01-02", tz="Asia/Tokyo")
            )
        ),
        None,
    ),
    "decimals": (lambda: fit(objects(decimal.Decimal("1.5"), decimal.Decimal("NaN"))), None),
    "a constant target": (lambda: fit(y=np.full(N, 3.0)), None),
    "a target in one column": (lambda: fit(y=Y[:, None]), "column-vector"),
    "a target of yes and no": (lambda: fit(y=Y > 0), None),
    "a target of texts that are numbers": (lambda: fit(y=Y.astype(str)), None),
    "a target of 1e300": (lambda: fit(y=Y * 1e300), None),
    "targets of very different size": (lambda: fit(y=np.stack([Y * 1e200, Y * 1e-200], 1)), None),
    "a target near 1e16": (lambda: fit(y=1e16 + 2 * np.arange(N)), None),
    "one row many times": (lambda: fit(np.ones((N, 3)), Y), None),
    "no counts at all": (lambda: fit(y=np.zeros(N), settings={"objective": "poisson"}), None),
    "a class of its own in every row": (lambda: classify([f"c{i}" for i in range(N)]), None),
    "a rare class": (lambda: classify(["a"] * (N - 1) + ["b"]), None),
    "classes beyond 64 bits": (lambda: classify([2**70, 1] * (N // 2)), None),
    "weights of 1e300": (lambda: fit(sample_weight=np.full(N, 1e300)), None),
    "weights of 1e-300": (lambda: fit(sample_weight=np.full(N, 1e-300)), None),
    "weights that cannot be compared": (
        lambda: fit(sample_weight=np.where(HALF, 1e-300, 1e300)),
        "20 rows have weights below",
    ),
    "jobs without end": (lambda: regressor().set_params(n_jobs=10**9).fit(X, Y).predict(X), None),
    "predict nothing but gaps": (
        lambda: predict(a=None, b=None, c=None, town=None, day=None, flag=None),
        "a missing value where the fit had none",
    ),
    "predict an unseen level": (lambda: predict(town="Genf"), "a level that the fit has not seen"),
    "predict far away": (
        lambda: predict(a=1e300, day="9999-12-31"),
        "outside the range of the fit",
    ),
    "predict without names": (lambda: classifier().predict_proba(X), "valid feature names"),
    "predict a class unseen in scores": (lambda: classifier().score(FRAME, ["new"] * N), None),
    "linear model on nothing": (lambda: mimic(LinearRegression().fit(X, Y), X[:1])(X), None),
    "network on no rows": (lambda: network()(X[:0]), None),
    "network on single precision": (
        lambda: network()(torch.tensor(X).float()).detach().numpy(),
        None,
    ),
}
