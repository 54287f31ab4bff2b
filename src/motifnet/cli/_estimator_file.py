"""Fitted estimators from files. skops builds them from types that are named beforehand; a pickle runs what is in it, so it must be asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from motifnet.engine import FileError, UsageError

_TRUSTED = ("catboost.", "collections.", "lightgbm.", "numpy.", "scipy.", "sklearn.", "xgboost.")


def read_estimator(path: Path, *, allow_pickle: bool) -> Any:
    """The estimator of a skops file, or with `allow_pickle` of a pickle or joblib file."""
    if not path.is_file():
        raise FileError(f"{path} is not there. Give the path of a fitted estimator, such as `skops.io.dump(model, 'model.skops')` writes.")
    if path.suffix == ".skops":
        return _from_skops(path)
    if not allow_pickle:
        raise UsageError(
            f"{path} is no .skops file. Write the estimator by `skops.io.dump`; a pickle or joblib file can run any code, so it is read with "
            "--allow-pickle only: for files of your own."
        )
    import joblib

    try:
        return joblib.load(path)
    except Exception as error:
        raise FileError(f"{path} cannot be read: {type(error).__name__}: {error}. Is it a pickle of a fitted estimator?") from error


def _from_skops(path: Path) -> Any:
    try:
        from skops import io
    except ImportError as error:
        raise UsageError("Reading a .skops file needs the package skops. Install it with `pip install 'motifnet[skops]'`.") from error
    try:
        unknown = io.get_untrusted_types(file=path)
        foreign = [name for name in unknown if not name.startswith(_TRUSTED)]
        if not foreign:
            return io.load(path, trusted=unknown)
    except Exception as error:
        raise FileError(f"{path} cannot be read as a skops file: {error}. Write it by `skops.io.dump`.") from error
    raise UsageError(f"{path} holds types that are not of a known library: {', '.join(foreign[:5])}. Fit the estimator without them.")
