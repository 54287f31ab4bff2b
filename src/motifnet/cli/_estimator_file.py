"""Fitted estimators from files.

Only known types of a skops file are built (see _skops_schema.py). A pickle runs its content, so the
user must request it.
"""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from motifnet.engine import FileError, MotifnetError, UsageError

_SCHEMA = "schema.json"
_MIN_LIMIT = 2**28  # bytes
_MAX_RATIO = 50  # of the unpacked size to the file


def read_estimator(path: Path, *, allow_pickle: bool) -> Any:
    """The estimator of a skops file, or with `allow_pickle` of a pickle or joblib file."""
    if not path.is_file():
        raise FileError(
            f"{path} is not there. Give the path of a fitted estimator, such as "
            "`skops.io.dump(model, 'model.skops')` writes."
        )
    if path.suffix == ".skops":
        return _from_skops(path)
    if not allow_pickle:
        raise UsageError(
            f"{path} is no .skops file. Write the estimator by `skops.io.dump`; a pickle or "
            "joblib file can run any code, so it is read with "
            "--allow-pickle only: for files of your own."
        )
    import joblib

    try:
        return joblib.load(path)
    except Exception as error:
        raise FileError(
            f"{path} cannot be read: {type(error).__name__}: {error}. Is it a pickle "
            "of a fitted estimator?"
        ) from error


def _from_skops(path: Path) -> Any:
    try:
        from skops import io
    except ImportError as error:
        raise UsageError(
            "Reading a .skops file needs the package skops. Install it with `pip "
            "install 'motifnet[skops]'`."
        ) from error
    from motifnet.cli._skops_schema import trusted_names, with_search_trees

    try:
        content, foreign = _checked(path)
        if not foreign:
            return with_search_trees(io.loads(content, trusted=trusted_names()))
    except MotifnetError:
        raise
    except Exception as error:
        raise FileError(
            f"{path} cannot be read as a skops file: {error}. Write it by `skops.io.dump`."
        ) from error
    raise UsageError(
        f"{path} holds what is no part of an estimator that has a transfer: "
        f"{', '.join(foreign[:5])}. Nothing of it was built. "
        "Fit the estimator without it; a file of your own can be read as a pickle, with "
        "--allow-pickle."
    )


def _checked(path: Path) -> tuple[bytes, list[str]]:
    """The archive with the part of the schema that predictions need, and its unknown names."""
    from motifnet.cli._skops_schema import strangers, trimmed

    with ZipFile(path) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
        limit = max(_MIN_LIMIT, _MAX_RATIO * path.stat().st_size)
        if size > limit:
            raise FileError(
                f"{path} unpacks to {size:,} bytes, at most {limit:,} go with its "
                "size. Write it by `skops.io.dump`."
            )
        schema = trimmed(json.loads(archive.read(_SCHEMA)))
        foreign = strangers(schema)
        content = BytesIO()
        with ZipFile(content, "w") as copy:
            copy.writestr(_SCHEMA, json.dumps(schema))
            for name in archive.namelist() if not foreign else ():
                if name != _SCHEMA:
                    copy.writestr(name, archive.read(name))
    return content.getvalue(), foreign
