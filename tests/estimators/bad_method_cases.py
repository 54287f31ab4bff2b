"""Bad input to the methods of a fitted model, one line a case, as in bad_input_cases.py.

Every case runs in an empty folder with a file `file`, a folder `dir`, folders named like outputs,
and a table `rows.csv` of 1,200 rows.
"""

from __future__ import annotations

import numpy as np

from motifnet import MotifClassifier, MotifRegressor
from motifnet.engine import DataError, FileError, UsageError
from motifnet.estimators import imitate
from motifnet.lab import figures
from motifnet.transport import wasserstein_test
from motifnet.uncertainty import linear_band
from tests.estimators.bad_input import (
    ENDS,
    FRAME,
    LABELS,
    LARGE,
    MIXED,
    Mended,
    N,
    Refused,
    X,
    Y,
    classifier,
    compared,
    compressed,
    fitted,
    named,
    network,
    quantiles,
    regressor,
)

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
    "imitation of a constant": (
        lambda: imitate(lambda rows: np.ones(len(rows)), LARGE, rows=500)(LARGE),
        None,
    ),
    "compression to more units than rows": (
        lambda: regressor(size="full").fit(MIXED, Y).compress(max_units=10**9).predict(MIXED),
        None,
    ),
}
