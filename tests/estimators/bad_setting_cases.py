"""Bad settings, later rows, estimators, comparisons and files, as in bad_input_cases.py."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from sklearn.svm import SVR

from motifnet import MotifRegressor, load, mimic, profile
from motifnet.engine import DataError, FileError, UsageError
from motifnet.model import BundleError
from motifnet.tables import as_table
from tests.estimators.bad_input import (
    FRAME,
    LABELS,
    LARGE,
    MIXED,
    N,
    Refused,
    X,
    Y,
    classifier,
    compared,
    fit,
    fitted,
    network,
    objects,
    predict,
    svr,
)

REFUSED: dict[str, Refused] = {
    # settings
    "preset unknown": (
        lambda: fit(settings={"time_limit_s": None, "objective": "cubed"}),
        UsageError,
        "'cubed'.*choose one of",
    ),
    "preset is a list": (
        lambda: MotifRegressor(preset=["fast"]).fit(X, Y),  # type: ignore[arg-type]
        UsageError,
        "choose one of 'fast'",
    ),
    "time limit is a text": (
        lambda: fit(settings={"time_limit_s": "5"}),
        UsageError,
        "'5'.*positive number",
    ),
    "time limit is NaN": (
        lambda: fit(settings={"time_limit_s": np.nan}),
        UsageError,
        "nan.*positive number",
    ),
    "jobs are a text": (
        lambda: MotifRegressor(preset="fast", n_jobs="2").fit(X, Y),  # type: ignore[arg-type]
        UsageError,
        "n_jobs='2'.*whole number",
    ),
    "seed has a fraction": (
        lambda: fit(settings={"random_state": 1.5}),
        UsageError,
        "1.5.*non-negative integer",
    ),
    "teachers are a number": (
        lambda: fit(settings={"teachers": 3}),
        UsageError,
        "teachers=3.*list",
    ),
    "quantiles beyond 1": (
        lambda: fit(settings={"objective": "pinball", "quantiles": 2}),
        UsageError,
        "between 0 and 1",
    ),
    # later rows
    "predict before fit": (
        lambda: MotifRegressor().predict(X),
        UsageError,
        "not fitted yet. Call 'fit'",
    ),
    "a column is missing": (
        lambda: fitted().predict(MIXED.drop(columns="town")),
        DataError,
        "now missing:\n- town",
    ),
    "a column is new": (lambda: predict(more=1), DataError, "unseen at fit time:\n- more"),
    "columns in another order": (
        lambda: fitted().predict(MIXED[MIXED.columns[::-1]]),
        DataError,
        "same order.*'a', 'b'",
    ),
    "too few columns": (lambda: fitted().predict(X), DataError, "3 features.*expecting 6"),
    "a text for a number": (
        lambda: predict(a="n/k"),
        DataError,
        "'a', row 0.*'n/k'.*takes numbers.*empty",
    ),
    "an infinite text for a number": (
        lambda: predict(a="1e999"),
        DataError,
        "infinity.*'a', row 0",
    ),
    "a date for a number": (
        lambda: predict(a=pd.Timestamp("2024-01-01")),
        DataError,
        "'a', row 0.*takes numbers",
    ),
    "a number for a date": (lambda: predict(day=3), DataError, "'day', row 0.*takes dates"),
    "a date that is none": (
        lambda: predict(day="2024-13-32"),
        DataError,
        "'day', row 0.*'2024-13-32'",
    ),
    "a number for yes or no": (lambda: predict(flag=2), DataError, "'flag', row 0.*true or false"),
    "no rows to predict": (lambda: fitted().predict(MIXED[:0]), DataError, r"0 sample\(s\)"),
    "coverage in per cent": (
        lambda: fitted().predict_interval(MIXED, 90),
        UsageError,
        "coverage=90.*0.9",
    ),
    "coverage is NaN": (
        lambda: fitted().predict_interval(MIXED, np.nan),
        UsageError,
        "coverage=nan.*between 0 and 1",
    ),
    "side unknown": (
        lambda: fitted().predict_interval(MIXED, 0.9, "middle"),
        UsageError,
        "'middle'.*'both'",
    ),
    "intervals of classes": (
        lambda: classifier().model_.predict_interval(as_table(FRAME), np.array([0.5])),
        UsageError,
        "ask for predict_set",
    ),
    "method of sets unknown": (
        lambda: classifier().predict_set(FRAME, 0.9, "best"),
        UsageError,
        "'best'.*'lac'",
    ),
    "score against texts": (
        lambda: fitted().score(MIXED, LABELS),
        DataError,
        "regression needs numbers",
    ),
    "score against gaps": (lambda: fitted().score(MIXED, Y * np.nan), DataError, "NaN.*Row 0"),
    "score of too few": (lambda: classifier().score(FRAME, LABELS[:3]), DataError, r"\[40, 3\]"),
    "score of lists": (
        lambda: classifier().reliability(FRAME, objects([1]).p),
        DataError,
        "row 0.*list",
    ),
    # profile
    "profile of few rows": (lambda: profile(X, Y), DataError, "40 rows.*at least 60"),
    "profile of one value": (
        lambda: profile(np.arange(99.0)[:, None], np.ones(99)),
        DataError,
        "same value.*Check",
    ),
    "profile of a task unknown": (
        lambda: profile(X, Y, task="ranking"),  # type: ignore[arg-type]
        UsageError,
        "'ranking'.*'regression'",
    ),
    "profile with a seed of text": (
        lambda: profile(X, Y, random_state="x"),  # type: ignore[arg-type]
        UsageError,
        "non-negative integer",
    ),
    # mimic and networks
    "mimic of nothing": (lambda: mimic(None, X), UsageError, "no transfer.*NoneType.*register"),
    "mimic before fit": (lambda: mimic(SVR(), X), UsageError, "SVR is not fitted.*`fit`"),
    "mimic on other columns": (lambda: mimic(svr(), X[:, :2]), DataError, r"\(40, 2\).*3 columns"),
    "mimic on gaps": (lambda: mimic(svr(), X * np.nan), DataError, "does not take X.*Pass rows"),
    "mimic on texts": (
        lambda: mimic(svr(), np.full((N, 3), "a")),
        DataError,
        "expected numbers.*Convert the column",
    ),
    "mimic on a file name": (lambda: mimic(svr(), "t.csv"), DataError, "got str.*matrix"),
    "mimic in a form unknown": (lambda: mimic(svr(), form="tanh"), UsageError, "'tanh'.*'native'"),  # type: ignore[arg-type]
    "mimic with a tolerance of text": (
        lambda: mimic(svr(), X, form="relu", tolerance="low"),  # type: ignore[arg-type]
        UsageError,
        "positive number",
    ),
    "mimic of a function that fails": (
        lambda: mimic(lambda rows: 1 / 0, LARGE),
        DataError,
        "predictor failed.*ZeroDivisionError",
    ),
    "mimic of a function of texts": (
        lambda: mimic(lambda rows: ["a"] * len(rows), LARGE),
        DataError,
        "predictor failed",
    ),
    "network on other columns": (lambda: network()(X[:, :2]), DataError, r"\(n, 3\).*\(40, 2\)"),
    "network on a tensor of other columns": (
        lambda: network()(torch.tensor(X[:, :2])),
        DataError,
        r"\(n, 3\).*\(40, 2\)",
    ),
    "network on ragged rows": (lambda: network()([[1, 2, 3], [1]]), DataError, "different lengths"),
    "network on complex rows": (lambda: network()(X * 1j), DataError, "complex128"),
    "retraining on texts": (lambda: network().retrain(X, LABELS), DataError, "not numbers"),
    "retraining on nothing": (lambda: network().retrain(X, None), DataError, "one finite target"),
    "update with gaps": (
        lambda: network().update(X * np.nan, Y),
        DataError,
        "missing values.*Leave",
    ),
    "update with a ridge below 0": (
        lambda: network().update(X, Y, ridge=-1),
        UsageError,
        "ridge=-1.*positive",
    ),
    "compression to nothing": (
        lambda: fitted().compress(max_units="many"),  # type: ignore[arg-type]
        UsageError,
        "'many'.*whole number",
    ),
    "compression by a text": (
        lambda: fitted().compress(tolerance="low"),  # type: ignore[arg-type]
        UsageError,
        "tolerance='low'.*number",
    ),
    "compression on texts": (
        lambda: fitted().compress(MIXED, LABELS, max_units=4),
        DataError,
        "not numbers",
    ),
    # compare
    "comparison on an array": (lambda: compared(X), DataError, "ndarray.*pandas data frame"),
    "comparison of no column": (
        lambda: compared(target="z"),
        UsageError,
        "'z' is not a column.*'a', 'b'",
    ),
    "comparison of few rows": (lambda: compared(LARGE[:10]), DataError, "10 rows.*more rows"),
    "comparison of one value": (lambda: compared(LARGE.assign(y=1.0)), DataError, "single value"),
    "comparison of no methods": (lambda: compared(methods=[]), UsageError, "at least one"),
    "comparison by a text": (lambda: compared(methods="forest"), UsageError, "list of names"),
    "comparison on half a split": (
        lambda: compared(splits=0.5),
        UsageError,
        "splits=0.5.*whole number",
    ),
    "comparison with a seed below 0": (
        lambda: compared(seed=-1),
        UsageError,
        "seed=-1.*non-negative",
    ),
    # files
    "save before fit": (lambda: MotifRegressor().save("x"), UsageError, "not fitted yet"),
    "save to nothing": (lambda: fitted().save(None), UsageError, "None.*no path"),  # type: ignore[arg-type]
    "save to a number": (lambda: fitted().save(1), UsageError, "1 of type int.*no path"),  # type: ignore[arg-type]
    "save to a name with a zero character": (
        lambda: fitted().save("a\0b"),
        UsageError,
        "zero characters",
    ),
    "save to a name too long": (lambda: fitted().save("x" * 300), FileError, "too long"),
    "save to a folder that is not there": (
        lambda: fitted().save("no/x"),
        FileError,
        "No such file.*folder",
    ),
    "export in a type unknown": (
        lambda: fitted().to_onnx("x.onnx", dtype="int8"),
        UsageError,
        "'int8'.*'float64'",
    ),
    "load of an open file": (lambda: load(0), UsageError, "0 of type int.*no path"),  # type: ignore[arg-type]
    "load of a name too long": (
        lambda: load("x" * 300),
        FileError,
        "too long.*path of a saved model",
    ),
    "load of a text": (lambda: load(__file__), BundleError, "does not end as a zip archive"),
}
