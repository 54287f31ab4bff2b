"""Bad input to the methods of a fitted model, to networks, streams, tests and bootstraps, one line
a case, as in bad_input_cases.py.

Every case runs in an empty folder with a file `file`, a folder `dir`, folders named like outputs,
and a table `rows.csv` of 1,200 rows.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import scipy.sparse
from sklearn.tree import DecisionTreeRegressor

from motifnet import MotifClassifier, MotifRegressor, Network, mimic, profile
from motifnet.engine import DataError, FileError, ResourceError, UsageError
from motifnet.lab import figures
from motifnet.transport import wasserstein_distance, wasserstein_interval, wasserstein_test
from motifnet.uncertainty import linear_band, multiplier_bootstrap
from tests.estimators.bad_input_cases import (
    FRAME,
    LABELS,
    LARGE,
    MIXED,
    Mended,
    N,
    Refused,
    Stubborn,
    X,
    Y,
    classifier,
    compared,
    fitted,
    graded,
    network,
    regressor,
    svr,
)

GRID = np.arange(3.0)
ENDS = np.sign(X) * 1.7e308
FEW = 1_200


def lay_out(folder: Path) -> None:
    """The files that cases name."""
    (folder / "file").write_text("x\n")
    for name in ("dir", "dir.onnx", "dir.html", "dir.py"):
        (folder / name).mkdir()
    rng = np.random.default_rng(1)
    rows = pd.DataFrame(
        {
            "a": rng.normal(size=FEW),
            "town": rng.choice(["Bern", "Chur"], FEW),
            "y": rng.normal(size=FEW),
        }
    )
    rows.to_csv(folder / "rows.csv", index=False)
    rows[:50].to_csv(folder / "few.csv", index=False)
    (folder / "twice.csv").write_text("a,a,y\n1,2,3\n")


def stream(
    path: Any = "rows.csv", target: Any = "y", settings: dict[str, Any] | None = None, **beside: Any
) -> MotifRegressor:
    return regressor(**(settings or {})).fit_stream(
        path, target, **{"landmarks": 20, "subsample": True, **beside}
    )


@cache
def compressed() -> MotifRegressor:
    return fitted().compress(max_units=4)


@cache
def quantiles() -> MotifRegressor:
    return regressor(objective="pinball").fit(X, Y)


@cache
def updated() -> Network:
    return network().update(X[:20], Y[:20], ridge=1.0)


def imitation(
    X: Any = LARGE, answer: Any = lambda rows: np.ones(len(rows)), **settings: Any
) -> Network:
    return mimic(answer, X, **settings)


def named(symmetry: Any) -> Any:
    return profile(LARGE.drop(columns="y"), LARGE.y, symmetry=symmetry)


REFUSED: dict[str, Refused] = {
    # intervals, sets, bands
    "interval before fit": (
        lambda: MotifRegressor().predict_interval(X),
        UsageError,
        "not fitted yet. Call 'fit'",
    ),
    "interval of no coverage": (
        lambda: fitted().predict_interval(MIXED, []),
        UsageError,
        r"coverage=\[\].*between 0 and 1",
    ),
    "interval of a table of coverages": (
        lambda: fitted().predict_interval(MIXED, [[0.5]]),  # type: ignore[list-item]
        UsageError,
        "between 0 and 1",
    ),
    "interval of complex coverage": (
        lambda: fitted().predict_interval(MIXED, 0.5j),  # type: ignore[arg-type]
        UsageError,
        "between 0 and 1",
    ),
    "interval of certainty": (
        lambda: fitted().predict_interval(MIXED, 1),
        UsageError,
        "coverage=1.*between 0 and 1",
    ),
    "interval for an infinity": (
        lambda: fitted().predict_interval(MIXED.assign(a=np.inf)),
        DataError,
        "'a', row 0",
    ),
    "interval of quantiles": (
        lambda: quantiles().predict_interval(X),
        UsageError,
        "quantiles. Fit with objective='squared'",
    ),
    "interval of a compressed model": (
        lambda: compressed().predict_interval(MIXED),
        UsageError,
        "compressed.*Ask the full model",
    ),
    "set before fit": (lambda: MotifClassifier().predict_set(X), UsageError, "not fitted yet"),
    "set in per cent": (
        lambda: classifier().predict_set(FRAME, 95),
        UsageError,
        "coverage=95.*0.9",
    ),
    "set of one column": (
        lambda: classifier().predict_set(FRAME[["a"]]),
        DataError,
        "now missing:\n- b",
    ),
    "set by a list of methods": (
        lambda: classifier().predict_set(FRAME, 0.9, ["lac"]),  # type: ignore[arg-type]
        UsageError,
        r"method=\['lac'\].*'aps'",
    ),
    "band before fit": (lambda: MotifRegressor().predict_band(X), UsageError, "not fitted yet"),
    "band of several coverages": (
        lambda: fitted().predict_band(MIXED, [0.5, 0.9]),  # type: ignore[arg-type]
        UsageError,
        "one number for a band",
    ),
    "band of a kind unknown": (
        lambda: fitted().predict_band(MIXED, 0.9, "uniform"),
        UsageError,
        "'uniform'.*'pointwise'",
    ),
    "band for no rows": (lambda: fitted().predict_band(MIXED[:0]), DataError, r"0 sample\(s\)"),
    "band of few rows": (
        lambda: regressor().fit(X[:10], Y[:10]).predict_band(X),
        DataError,
        "at least 20.*has 10.*Add rows",
    ),
    "band of quantiles": (
        lambda: quantiles().predict_band(X),
        UsageError,
        "objective='pinball'.*Fit with objective='squared'",
    ),
    "band of classes": (
        lambda: classifier().predict_band(FRAME),
        UsageError,
        "no bands for probabilities.*predict_set",
    ),
    "band of groups": (
        lambda: regressor().fit(X, Y, groups=np.arange(N) % 4).predict_band(X),
        UsageError,
        "independent",
    ),
    # shift
    "shift before fit": (lambda: MotifRegressor().check_shift(X), UsageError, "not fitted yet"),
    "shift of a file name": (
        lambda: fitted().check_shift("new.csv"),
        DataError,
        "type str.*read_table",
    ),
    "shift of other columns": (
        lambda: fitted().check_shift(MIXED[["a"]]),
        DataError,
        "now missing",
    ),
    "shift of no rows": (lambda: fitted().check_shift(MIXED[:0]), DataError, r"0 sample\(s\)"),
    "shift by a seed of text": (
        lambda: fitted().check_shift(MIXED, "x"),  # type: ignore[arg-type]
        UsageError,
        "random_state='x'.*non-negative",
    ),
    # two samples
    "test of one row": (
        lambda: wasserstein_test(X[:1], X),
        DataError,
        r"X has shape \(1, "
        r"3\).*two rows",
    ),
    "test of nothing": (lambda: wasserstein_test(None, X), DataError, r"shape \(\).*two rows"),
    "test with gaps": (lambda: wasserstein_test(X, X * np.nan), DataError, "Z has.*finite"),
    "test of other columns": (
        lambda: wasserstein_test(X[:, :2], X),
        DataError,
        "2 columns, Z has 3",
    ),
    "test of texts": (
        lambda: wasserstein_test(LABELS, X),
        DataError,
        "X of type ndarray.*not numbers.*model.encode",
    ),
    "test of complex numbers": (
        lambda: wasserstein_test(X * 1j, X),
        DataError,
        "not numbers.*complex",
    ),
    "test of what breaks": (
        lambda: wasserstein_test(Stubborn(), X),
        DataError,
        "Stubborn.*no array for you",
    ),
    "test of gradients": (
        lambda: wasserstein_test(graded(), X),
        DataError,
        "Tensor.*requires grad",
    ),
    "test of three dimensions": (
        lambda: wasserstein_test(X[None], X),
        DataError,
        r"shape \(1, "
        r"40, 3\)",
    ),
    "test beyond float64": (
        lambda: wasserstein_test(ENDS, -ENDS, standardize=False),
        DataError,
        "beyond float64.*another unit",
    ),
    "test at a level in per cent": (
        lambda: wasserstein_test(X, X, alpha=5),
        UsageError,
        "alpha=5.*0.05",
    ),
    "test by an unknown critic": (
        lambda: wasserstein_test(X, X, critic="best"),  # type: ignore[arg-type]
        UsageError,
        "'best'.*'sliced'",
    ),
    "test by a list of critics": (
        lambda: wasserstein_test(X, X, critic=["exact"]),  # type: ignore[arg-type]
        UsageError,
        "must be one of",
    ),
    "test of no resamples": (
        lambda: wasserstein_test(X, X, n_resamples=0),
        UsageError,
        "n_resamples=0.*whole number",
    ),
    "test of endless resamples": (
        lambda: wasserstein_test(X, X, n_resamples=10**13),
        ResourceError,
        "10,000,000,000,000 resamples.*fewer",
    ),
    "test by a seed of text": (
        lambda: wasserstein_test(X, X, random_state="x"),  # type: ignore[arg-type]
        UsageError,
        "random_state='x'",
    ),
    "distance by a seed below 0": (
        lambda: wasserstein_distance(X, X, random_state=-1),
        UsageError,
        "random_state=-1",
    ),
    "distance in a multiplier law that fails": (
        lambda: wasserstein_test(X, X, calibration="multiplier"),
        UsageError,
        "3 columns.*critic='network'",
    ),
    "distance interval in per cent": (
        lambda: wasserstein_interval(X, X, 95),
        UsageError,
        "level=95",
    ),
    "distance interval of nothing": (lambda: wasserstein_interval([], X), DataError, "two rows"),
    "distance interval beyond float64": (
        lambda: wasserstein_interval(ENDS[:, 0], -ENDS[:, 0]),
        DataError,
        "beyond float64",
    ),
    "distance interval of half a point": (
        lambda: wasserstein_interval(X, X, max_points=2.5),  # type: ignore[arg-type]
        UsageError,
        "max_points=2.5",
    ),
    # bootstraps
    "bootstrap of texts": (
        lambda: multiplier_bootstrap(LABELS, GRID),
        DataError,
        "values.*not numbers",
    ),
    "bootstrap of another grid": (
        lambda: multiplier_bootstrap(X, np.arange(4)),
        DataError,
        "each of 4 grid points",
    ),
    "bootstrap with gaps": (
        lambda: multiplier_bootstrap(X * np.nan, GRID),
        DataError,
        r"shape \(40, 3\).*numbers below",
    ),
    "bootstrap of huge values": (
        lambda: multiplier_bootstrap(ENDS, GRID),
        DataError,
        r"below 1e\+150",
    ),
    "bootstrap on a grid with gaps": (
        lambda: multiplier_bootstrap(X, GRID * np.nan),
        DataError,
        "grid has shape",
    ),
    "bootstrap on one number": (
        lambda: multiplier_bootstrap(X, 3),
        DataError,
        r"grid has shape "
        r"\(\)",
    ),
    "bootstrap on nothing": (
        lambda: multiplier_bootstrap(X[:, :0], []),
        DataError,
        "Pass the values of θ",
    ),
    "bootstrap by another drift": (
        lambda: multiplier_bootstrap(X, GRID, drift="cubic"),
        UsageError,
        "'cubic'.*'quadratic'",
    ),
    "bootstrap without a width": (
        lambda: multiplier_bootstrap(X, GRID, drift="quadratic"),
        UsageError,
        "smoothing=None.*positive",
    ),
    "bootstrap of a width too small": (
        lambda: multiplier_bootstrap(X, GRID, drift="quadratic", smoothing=1e-300),
        DataError,
        "Smooth more",
    ),
    "bootstrap of no resamples": (
        lambda: multiplier_bootstrap(X, GRID, n_resamples=0),
        UsageError,
        "n_resamples=0",
    ),
    "bootstrap of endless resamples": (
        lambda: multiplier_bootstrap(X, GRID, n_resamples=10**13),
        ResourceError,
        "fewer n_resamples",
    ),
    "bootstrap interval in per cent": (
        lambda: multiplier_bootstrap(X, GRID).interval(95),
        UsageError,
        "coverage=95",
    ),
    "linear band of texts": (lambda: linear_band(LABELS, Y, X), DataError, "features.*not numbers"),
    "linear band of other features": (lambda: linear_band(X, Y, X[:, :2]), DataError, r"\(k, m\)"),
    "linear band of a target with gaps": (
        lambda: linear_band(X, Y * np.nan, X),
        DataError,
        "y holds NaN.*Leave",
    ),
    "linear band at infinity": (
        lambda: linear_band(X, Y, X * np.inf),
        DataError,
        "at holds NaN, infinity",
    ),
    "linear band of several coverages": (
        lambda: linear_band(X, Y, X, [0.5, 0.9]),  # type: ignore[arg-type]
        UsageError,
        "one number for a band",
    ),
    "linear band of weights below 0": (
        lambda: linear_band(X, Y, X, weight=-np.ones(N)),
        DataError,
        "positive weights",
    ),
    "linear band by a seed below 0": (lambda: linear_band(X, Y, X, seed=-1), UsageError, "seed=-1"),
    # explanation and report
    "explanation before fit": (lambda: MotifRegressor().explain(), UsageError, "not fitted yet"),
    "explanation of y alone": (lambda: fitted().explain(y=Y), UsageError, "y was passed without X"),
    "explanation of too few targets": (
        lambda: fitted().explain(MIXED, Y[:3]),
        DataError,
        r"\[40, 3\]",
    ),
    "explanation of texts": (
        lambda: fitted().explain(MIXED, LABELS),
        DataError,
        "regression needs numbers",
    ),
    "explanation of two targets": (
        lambda: fitted().explain(MIXED, np.ones((N, 2))),
        DataError,
        r"\(40, 2\).*40 rows and 1 col",
    ),
    "explanation of an unseen class": (
        lambda: classifier().explain(FRAME, ["new"] * N),
        DataError,
        "'new'.*'hi', 'lo'",
    ),
    "explanation of other columns": (
        lambda: fitted().explain(MIXED[["a"]]),
        DataError,
        "now missing",
    ),
    "explanation of a compressed model": (
        lambda: compressed().explain(),
        UsageError,
        "carries no rows.*Pass X",
    ),
    "report before fit": (lambda: MotifRegressor().report("r.html"), UsageError, "not fitted yet"),
    "report as a document": (
        lambda: fitted().report("r.pdf"),
        UsageError,
        "'.pdf'.*Use one of .html",
    ),
    "report to a number": (lambda: fitted().report(3), UsageError, "3.*no path"),  # type: ignore[arg-type]
    "report to a folder": (
        lambda: fitted().report("dir.html"),
        FileError,
        "Is a directory.*path in a folder",
    ),
    "report to a folder that is not there": (
        lambda: fitted().report("no/r.html"),
        FileError,
        "No such file.*folder",
    ),
    "report of a file name": (
        lambda: fitted().report("r.html", "rows.csv"),
        DataError,
        "type str.*read_table",
    ),
    # compression
    "compression before fit": (
        lambda: MotifRegressor().compress(max_units=4),
        UsageError,
        "not fitted yet",
    ),
    "compression by both": (
        lambda: fitted().compress(max_units=4, tolerance=0.1),
        UsageError,
        "not both",
    ),
    "compression to half a unit": (
        lambda: fitted().compress(max_units=0.5),  # type: ignore[arg-type]
        UsageError,
        "max_units=0.5.*whole number",
    ),
    "compression by NaN": (
        lambda: fitted().compress(tolerance=np.nan),
        UsageError,
        "tolerance=nan",
    ),
    "compression on one row": (
        lambda: fitted().compress(MIXED[:1], max_units=4),
        DataError,
        "20 different rows; got 1.*more rows",
    ),
    "compression by y alone": (
        lambda: fitted().compress(y=Y, max_units=4),
        DataError,
        "y was passed without X",
    ),
    "compression again": (
        lambda: compressed().compress(max_units=2),
        UsageError,
        "no rows to distil it on: its centres",
    ),
    "compression of unseen classes": (
        lambda: classifier().compress(FRAME, ["new"] * N, max_units=4),
        DataError,
        "'new'.*none of the classes",
    ),
    "trade-off of no sizes": (
        lambda: network().trade_off(sizes=[]),
        UsageError,
        r"sizes=\[\].*list",
    ),
    "trade-off of a text": (
        lambda: network().trade_off(sizes="12"),  # type: ignore[arg-type]
        UsageError,
        "sizes='12'.*list",
    ),
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
    # exports
    "export before fit": (lambda: MotifRegressor().to_onnx("m.onnx"), UsageError, "not fitted yet"),
    "export to a folder": (lambda: fitted().to_onnx("dir.onnx"), FileError, "Is a directory"),
    "export to a folder that is not there": (
        lambda: fitted().to_onnx("no/m.onnx"),
        FileError,
        "No such file.*folder",
    ),
    "export of coverage in per cent": (
        lambda: fitted().to_onnx("m.onnx", coverage=90),
        UsageError,
        "coverage=90",
    ),
    "export of sets": (
        lambda: classifier().to_onnx("m.onnx", coverage=0.9),
        UsageError,
        "predict_set",
    ),
    "export compared on no rows": (
        lambda: network().to_onnx("m.onnx", X=X[:0]),
        DataError,
        "no rows.*leave X out",
    ),
    "export compared on other columns": (
        lambda: network().to_onnx("m.onnx", X=X[:, :1]),
        DataError,
        r"\(n, 3\).*\(40, 1\)",
    ),
    "Python to nothing": (lambda: network().to_python(None), UsageError, "None.*no path"),  # type: ignore[arg-type]
    "Python to a folder": (lambda: network().to_python("dir.py"), FileError, "Is a directory"),
    # profile, comparison, lab
    "profile of one block": (
        lambda: named({"permutations": [["a"]]}),
        UsageError,
        "two blocks of names or more",
    ),
    "profile of a name twice": (
        lambda: named({"permutations": [["a"], ["a"]]}),
        UsageError,
        "no name twice",
    ),
    "profile of an unknown group": (
        lambda: named({"rotations": [["a"], ["b"]]}),
        UsageError,
        "not a group.*permutations",
    ),
    "comparison of numbers": (lambda: compared(methods=[3]), UsageError, "method 3 is not known"),
    "figure unknown": (lambda: figures("fig99"), UsageError, "'fig99'.*fig1"),
}

MENDED: dict[str, Mended] = {
    "quantiles in an array": (
        lambda: regressor(objective="pinball", quantiles=np.array([0.1, 0.9])).fit(X, Y).predict(X),
        None,
    ),
    "band for one row": (lambda: fitted().predict_band(MIXED[:1]), "residuals speak"),
    "shift of one row": (lambda: [c.pvalue for c in fitted().check_shift(MIXED[:1]).columns], None),
    "test of constants": (lambda: wasserstein_test(np.ones((5, 2)), np.ones((5, 2))).pvalue, None),
    "test of both ends of float64": (lambda: wasserstein_test(ENDS, -ENDS).distance, None),
    "linear band of equal features": (
        lambda: linear_band(np.ones((N, 3)), Y, np.ones((1, 3))),
        "rows for each",
    ),
    "imitation of a constant": (lambda: imitation()(LARGE), None),
    "compression to more units than rows": (
        lambda: regressor(size="full").fit(MIXED, Y).compress(max_units=10**9).predict(MIXED),
        None,
    ),
}
