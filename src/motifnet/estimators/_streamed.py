"""`fit_stream` of the two estimators."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from motifnet.engine import Control, FileError, as_path, memory_told, open_engine, resolve_jobs, seed_of, single_threaded, working
from motifnet.estimators._base import MotifEstimator
from motifnet.estimators._presets import Preset, get_preset
from motifnet.estimators._progress import progress
from motifnet.estimators._resume import open_checkpoint
from motifnet.estimators._stream import StreamRequest, check_stream, fit_stream
from motifnet.tables import Reading

_SMALLER = "Fit with fewer landmarks, or with n_jobs=1."


class StreamedEstimator(MotifEstimator):
    """Adds `fit_stream` to an estimator."""

    def fit_stream(
        self,
        path: str | Path,
        target: str,
        *,
        drop: Sequence[str] = (),
        landmarks: int = 500,
        subsample: bool = False,
        memory_limit_mb: float | None = None,
        decimal: str = ".",
        missing: Sequence[str] = (),
        groups: str | None = None,
    ) -> Self:
        """Fit a network to a file of any number of rows, which is read block by block and never held as a whole.

        Scales and inner layers come from a random sample of 20,000 rows; the last layer is then solved on 500 rows a landmark, from sums of matrices,
        and trees are grown on at most 1,000,000 rows and 256 MB where they gain. Time grows at most in proportion to the rows, memory does not grow.

        Parameters
        ----------
        path : str or Path
            CSV, TSV (also gzipped) or parquet. It is read three times.
        target : str
            The column to predict; rows without it are left out. All other columns are inputs.
        drop : sequence of str
            Columns that are none, such as row numbers.
        landmarks : int, default 500
            Number of kernel units, rows of the sample drawn by leverage. The last layer takes 500 rows for each.
        subsample : bool, default False
            Fit the sample alone: seconds instead of minutes, for a model that has seen 20,000 rows.
        memory_limit_mb : float, optional
            What the process may hold; what is free on the machine when None. `verbose=1` shows the plan.
        decimal : {".", ","}, default "."
            The decimal character of the file's numbers.
        missing : sequence of str
            Strings that stand for a missing value, such as ["?"], beside an empty cell. The model reads later rows in the same way.
        groups : str, optional
            A column that is no input: rows of one group are never split between what fits, what chooses and what scores.

        Returns
        -------
        self
            As after `fit`; the last row of the ledger is the error on rows that no stage has seen, and `info` counts those rows.

        Raises
        ------
        ResourceError
            Where the memory plan does not fit, before the work starts.
        DataError, FileError, UsageError
            With the column or row concerned and the next step.
        """
        preset, seed = get_preset(self.preset), seed_of(self.random_state)
        check_stream(self, landmarks, drop, memory_limit_mb)
        control, jobs = Control(), resolve_jobs(self.n_jobs)
        reading = Reading(decimal, missing)  # type: ignore[arg-type]
        request = StreamRequest(self._task, target, tuple(drop), landmarks, subsample, memory_limit_mb, self.verbose, reading, groups)
        with memory_told("the fit", _SMALLER), single_threaded(), progress(self.verbose) as listen, open_engine(self.engine, jobs) as engine:
            kept = open_checkpoint(self.checkpoint, _hash(path), _settings(preset, request, seed), control) if self.checkpoint else None
            with working(engine, kept):
                fitted = fit_stream(path, request, preset, seed, jobs, control, listen)
            self._store(fitted.ready, fitted.ready.goal, fitted.course, fitted.judged, seed, fitted.info, fitted.conformal)
            self._evidence = self._band_rows = self.profile_ = None
        return self


def _hash(path: str | Path) -> str:
    """Of the whole file, as what is resumed must be of the same rows."""
    try:
        with open(as_path(path), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}. Check the path and the permissions.") from None


def _settings(preset: Preset, request: StreamRequest, seed: int) -> dict[str, Any]:
    return {"preset": repr(preset), "seed": seed, "stream": repr(replace(request, memory_limit_mb=None, verbose=0))}
