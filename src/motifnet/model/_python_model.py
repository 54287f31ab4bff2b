"""A whole fitted model as one Python file that needs only numpy: raw columns in, by name.

    table ─► encode ─► network ─► predict           values, or probabilities of classes
                             └──► distribution      the law of each row, where it was requested

The file holds the source of the functions below, of the motifs and of the laws, so that it computes
what the model computes.
"""

from __future__ import annotations

import copy
import inspect
import math
import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from motifnet import __version__
from motifnet.engine import atomic_file
from motifnet.model._distribution import laws_of, through_quantiles
from motifnet.model._fitted import FittedModel
from motifnet.model._numpy_neighbours import Array
from motifnet.model._python import Source, plain_source
from motifnet.motifs import Motif
from motifnet.tables import GAP, LIMIT, PERIODS, Calendar, Feature, Numeric, OneHot, TargetMean
from motifnet.uncertainty import source_of_laws

_HEAD = '''"""A model of {targets}.

Written by motifnet {version}. Needs numpy alone. A table is a data frame, a dict of columns by
name, or a list of rows with the columns
{columns}.
Missing values are None, NaN or an empty string.

    predict(table)         with shape (n, {width})
{contents}"""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

LIMIT, GAP = {limit}, {gap}
PERIODS = {periods}


def array(text, kind, shape):
    return np.frombuffer(base64.b64decode(text), kind).reshape(shape)


'''
_CONTENTS = """\
    distribution(table)    one object a target: mean(), var(), quantile(q), cdf(y), pdf(y),
                           logpdf(y), crps(y), q and y arrays with shape (1, L) or (n, L)
"""
_TAIL = """

def encode(table):
    return np.hstack([
        {features},
    ])


def network(x):
    return {network}


def predict(table):
    return network(encode(table))
"""
_SCALED = """

LAWS = [{laws}]


def log_scale(x):
    return {scale}


def distribution(table):
    x = encode(table)
    f = network(x)
    s = np.exp(log_scale(np.hstack([x, f])))
    return [Scaled(f[:, j], s[:, j], law) for j, law in enumerate(LAWS)]
"""
_QUANTILES = """

LAW = {law}


def distribution(table):
    nodes = LAW.quantile(np.array({levels}))
    return [QuantileLaw(Bend.of(nodes, predict(table), {sd}), LAW)]
"""


def missing(value: Any) -> bool:
    """Whether a value is None, NaN, NaT or an empty string."""
    return value is None or (isinstance(value, str) and value == "") or bool(value != value)


def column(table: Any, number: int, name: str) -> list[Any]:
    """A column by its name, or by its number in a list of rows."""
    return list(table[name]) if hasattr(table, "keys") else [row[number] for row in table]


def standardised(x: Array, mean: float, sd: float) -> Array:
    """(x − mean) / sd, clipped."""
    return np.clip((x - mean) / sd, -LIMIT, LIMIT)


def with_missing(parts: Sequence[Array], absent: Array, mean: float, sd: float) -> Array:
    """The parts as columns, 0 where values are missing, and their indicator if the fit had some."""
    columns = [np.where(absent, 0.0, part) for part in parts]
    columns += [standardised(absent.astype(float), mean, sd)] if sd else []
    return np.stack(columns, axis=1)


def numeric(values: Sequence[Any], mean: float, sd: float, gap_mean: float, gap_sd: float) -> Array:
    """Numbers."""
    x = np.array([math.nan if missing(value) else float(value) for value in values])
    parts = [standardised(x, mean, sd)] if sd else []
    return with_missing(parts, np.isnan(x), gap_mean, gap_sd)


def calendar(
    values: Sequence[Any],
    parts: Sequence[str],
    mean: Array,
    sd: Array,
    gap_mean: float,
    gap_sd: float,
) -> Array:
    """Dates: microseconds since 1970, and waves of their phases."""

    def raw(part: str) -> Array:
        if part == "time":
            return t.astype(float)
        wave, period = part.split(" of the ")
        phase = (t % PERIODS[period]).astype(float) / PERIODS[period] * (2 * np.pi)
        return np.sin(phase) if wave == "sine" else np.cos(phase)

    t = np.array(
        [GAP if missing(v) else np.datetime64(v, "us").astype(int) for v in values], dtype=np.int64
    )
    shown = [standardised(raw(part), m, s) for part, m, s in zip(parts, mean, sd, strict=True)]
    return with_missing(shown, t == GAP, gap_mean, gap_sd)


def levels(values: Sequence[Any], known: Sequence[Any], table: Array) -> Array:
    """The row of each level, the last one where it is unseen."""
    codes = {level: i for i, level in enumerate(known)}
    found = [codes.get(None if missing(value) else value, len(known)) for value in values]
    return table[found]


_FUNCTIONS = (missing, column, standardised, with_missing, numeric, calendar, levels)


def model_to_python(
    model: FittedModel, path: str | os.PathLike[str], distribution: bool = False
) -> None:
    """Write the model, and if requested its distribution, as a Python file."""
    source = Source()
    features = ",\n        ".join(_features(model, source)) or "np.zeros((len(table), 1))"
    tail = _TAIL.format(features=features, network=_call(source, model.network))
    tail += _distribution(model, source) if distribution else ""
    functions = [inspect.getsource(function) for function in _FUNCTIONS]
    text = _HEAD.format(**_words(model, _CONTENTS if distribution else ""))
    text += "\n\n".join(map(plain_source, (*functions, *source.functions.values())))
    text += f"\n\n{source_of_laws()}" if distribution else ""
    text += "\n\n" + "\n".join(source.arrays) + tail
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _words(model: FittedModel, contents: str) -> dict[str, Any]:
    names = ", ".join(model.schema.names)
    words = {"targets": ", ".join(model.targets), "columns": names}
    # no name ends the docstring
    shown = {key: ascii(text)[1:-1].replace('"', "'") for key, text in words.items()}
    constants = {"limit": LIMIT, "gap": GAP, "periods": PERIODS, "width": model.width}
    return shown | constants | {"version": __version__, "contents": contents}


def _features(model: FittedModel, source: Source) -> Iterator[str]:
    """A call for each feature that has columns."""
    for i, feature in enumerate(model.encoder.features):
        if feature.names:
            name, arguments = _arguments(feature)
            written = ", ".join(source.value(_tensor(value), 1) for value in arguments)
            yield f"{name}(column(table, {i}, {feature.name!r}), {written})"


def _arguments(feature: Feature) -> tuple[str, list[Any]]:
    """The function of a feature, and its arguments after the values."""
    if isinstance(feature, OneHot | TargetMean):
        return "levels", [list(feature.levels), feature.table]
    assert isinstance(feature, Numeric | Calendar)
    indicator = [feature.gap_mean, feature.gap_sd]
    if isinstance(feature, Calendar):
        return "calendar", [feature.parts, feature.mean, feature.sd, *indicator]
    return "numeric", [feature.mean, feature.sd, *indicator]


def _tensor(value: Any) -> Any:
    return torch.as_tensor(value) if isinstance(value, np.ndarray) else value


def _call(source: Source, network: Motif) -> str:
    return source.call(copy.deepcopy(network).double(), 1).removeprefix("lambda x: ")


def _distribution(model: FittedModel, source: Source) -> str:
    quantiles = model.has_quantiles
    law_of_scores = through_quantiles(model, np.empty((0, model.width))).law if quantiles else None
    written = [
        f"Law({source.value(_tensor(law.knots), 0)}, {source.value(_tensor(law.density), 0)}, "
        f"{law.mass}, {law.index})"
        for law in ([law_of_scores] if law_of_scores is not None else laws_of(model))
    ]
    if quantiles:
        levels = list(model.info.quantiles)
        return _QUANTILES.format(law=written[0], levels=levels, sd=model.spread)
    scale = model.intervals.scale
    text = f"np.zeros((len(x), {model.width}))" if scale is None else _call(source, scale)
    return _SCALED.format(laws=", ".join(written), scale=text)
