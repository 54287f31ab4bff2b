"""Tracks as a list of float arrays with shapes (L_i, d).

They come as such a list, as one array with shape (n, L, d), or as a long data frame with a row a
point: a column `id`, a column `time` and coordinates, or these by position. Points are sorted by
time within a track, and tracks stand in the order in which their ids first occur.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from motifnet.engine import DataError, Matrix, as_floats

Tracks = list[Matrix]
KEYS = ["id", "time"]


def read_tracks(tracks: Any, name: str = "T1", d: int | None = None) -> Tracks:
    """The tracks; d: the number of coordinates that they must have."""
    frame = nw.from_native(tracks, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        found = _of_frame(frame, name)
    elif (isinstance(tracks, Sequence) and not isinstance(tracks, str)) or _is_stack(tracks):
        found = [_track(track, f"{name}[{i}]") for i, track in enumerate(tracks)]
    else:
        raise DataError(
            f"{name} is of type {type(tracks).__name__}"
            f"{getattr(tracks, 'shape', '')}. Pass a list of arrays with shape (L, d), or a data "
            "frame with the columns id, time and coordinates."
        )
    if not found:
        raise DataError(f"{name} holds no track. Pass at least one.")
    for i, track in enumerate(found):
        expected = found[0].shape[1] if d is None else d
        if track.shape[1] != expected:
            raise DataError(
                f"{name}[{i}] has {track.shape[1]} coordinates, and others have {expected}. Pass "
                "tracks of one space."
            )
    return found


def _is_stack(tracks: Any) -> bool:
    return isinstance(tracks, np.ndarray) and (tracks.ndim == 3 or tracks.dtype == object)


def _track(track: Any, name: str) -> Matrix:
    values = as_floats(name, track, "Pass an array of numbers with shape (L, d).")
    if values.ndim != 2 or not values.shape[1]:
        raise DataError(
            f"{name} has shape {values.shape}; expected (L, d). With one coordinate: "
            "track.reshape(-1, 1)."
        )
    if not len(values):
        raise DataError(f"{name} is an empty track. Leave it out, with its label.")
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(bad):
        raise DataError(
            f"{name} has NaN or infinity in {len(bad)} of {len(values)} points, first in point "
            f"{bad[0]}. Leave out these points, or interpolate."
        )
    return values


def _of_frame(frame: nw.DataFrame[Any], name: str) -> Tracks:
    names = list(frame.columns)
    if len(names) < 3:
        raise DataError(
            f"{name} has the columns {names}. Pass id, time and at least one coordinate."
        )
    keys = KEYS if set(KEYS) <= set(names) else names[:2]
    ids, times = (pd.Series(frame[key].to_numpy(), name=key) for key in keys)
    for key in (ids, times):
        if key.isna().any():
            raise DataError(
                f"Column {key.name!r} of {name} has {int(key.isna().sum())} missing values. "
                "Leave out these rows."
            )
    repeated = pd.concat([ids, times], axis=1).duplicated()
    if repeated.any():
        row = int(repeated.to_numpy().argmax())
        raise DataError(
            f"{name} has two points of track {ids[row]} at time {times[row]}; "
            f"{int(repeated.sum())} rows repeat an id and a time. Keep one of each."
        )
    rest = [column for column in names if column not in keys]
    points = np.column_stack(
        [as_floats(f"Column {column!r} of {name}", frame[column].to_numpy()) for column in rest]
    )
    ordered = times.sort_values(kind="stable").index.to_numpy()
    code, found = pd.factorize(ids)
    groups = np.split(
        ordered[np.argsort(code[ordered], kind="stable")],
        np.cumsum(np.bincount(code))[:-1],
    )
    return [
        _track(points[rows], f"Track {label} of {name}")
        for label, rows in zip(found, groups, strict=True)
    ]
