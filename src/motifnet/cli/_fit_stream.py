"""motifnet fit of a file that is read block by block."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from motifnet.cli._columns import check_names, said_task
from motifnet.cli._text import note
from motifnet.engine import UsageError

if TYPE_CHECKING:
    from motifnet import MotifClassifier, MotifRegressor
    from motifnet.tables import Reading

LARGE = 100 << 20  # bytes of a file that is streamed without being asked
STORED = {".parquet": 4, ".pq": 4, ".gz": 4}  # a file of these is about so many times larger as text


def is_streamed(table: Path, requested: bool | None, unlike: Mapping[str, object], quiet: bool) -> bool:
    """Whether to stream: as asked, else if the file is large; `unlike` are options that a stream does not have."""
    given = [f"--{name}" for name, value in unlike.items() if value]
    if requested and given:
        raise UsageError(f"--stream does not go with {', '.join(given)}. Leave them out, or fit without --stream.")
    if requested is not None or given or not table.is_file() or table.stat().st_size * STORED.get(table.suffix, 1) < LARGE:
        return bool(requested)
    if not quiet:
        note("note", f"{table} is large, so it is read block by block; if it is to be read as a whole, pass --no-stream.")
    return True


def fit_file(
    table: Path,
    target: str,
    task: str,
    drop: list[str],
    landmarks: int,
    memory_limit: float | None,
    reading: Reading,
    groups: str | None,
    settings: Mapping[str, object],
    quiet: bool,
) -> MotifRegressor | MotifClassifier:
    """The fitted model; the task is told by the first block of the file."""
    from motifnet import MotifClassifier, MotifRegressor
    from motifnet.tables import open_stream

    stream = open_stream(table, reading)
    first = stream.frame([next(stream.blocks()).raw])
    check_names(first, [target], "--target")
    check_names(first, drop, "--drop")
    check_names(first, [groups] if groups else [], "--groups")
    if task == "auto":
        task = said_task(first[target], quiet)
    model = MotifRegressor() if task == "regression" else MotifClassifier()
    model.set_params(**settings, verbose=int(not quiet))
    how = {"decimal": reading.decimal, "missing": reading.missing, "groups": groups}
    return model.fit_stream(table, target, drop=drop, landmarks=landmarks, memory_limit_mb=memory_limit, **how)  # type: ignore[arg-type]
