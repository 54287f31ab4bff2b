"""`fit_stream` of the two estimators."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from motifnet.engine import (
    Control,
    FileError,
    as_path,
    open_engine,
    resolve_jobs,
    seed_of,
    single_threaded,
    translate_memory_errors,
    working,
)
from motifnet.estimators._base import MotifEstimator
from motifnet.pipeline import (
    Preset,
    StreamRequest,
    check_stream,
    fit_stream,
    get_preset,
    open_checkpoint,
    progress,
)
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
        thousands: str = "",
    ) -> Self:
        """Fit a network to a file of any number of rows, read block by block and never held whole.

        Scales and feature layers come from a random sample of 20,000 rows. The last layer is solved
        on 500 rows a landmark, from sums of matrices. Trees grow on at most 1,000,000 rows and
        256 MB where they gain. Time grows at most in proportion to the rows, memory does not grow.

        Parameters
        ----------
        path : str or Path
            CSV, TSV (also gzipped) or parquet. It is read three times.
        target : str
            The column to predict; rows without it are skipped. All other columns are inputs.
        drop : sequence of str, optional
            Columns that are not inputs, such as row numbers.
        landmarks : int, default 500
            Number of kernel units, rows of the sample drawn by leverage.
        subsample : bool, default False
            Fit the sample only: in seconds instead of minutes, on 20,000 rows.
        memory_limit_mb : float, optional
            Memory of the process; that free on the machine if None. `verbose=1` shows the plan.
        decimal : {".", ","}, default "."
            The decimal character of the file's numbers.
        missing : sequence of str, optional
            Strings that stand for a missing value, such as ["?"], also in later rows.
        groups : str, optional
            A column that is no input. No group is split between fit, validation and test.
        thousands : {"", ".", ",", " ", "'"}, default ""
            What separates thousands in the file's numbers; "" for nothing.

        Returns
        -------
        self
            As after `fit`. The last row of the ledger is the error on rows that no stage uses.

        Raises
        ------
        ResourceError
            Where the memory plan does not fit, before the work starts.
        DataError, FileError, UsageError
            With the column or row concerned and the next step.
        """
        check_stream(self, landmarks, drop, memory_limit_mb)
        reading = Reading(decimal, missing, thousands)  # type: ignore[arg-type]
        return self._fit_stream(
            path, target, tuple(drop), landmarks, subsample, memory_limit_mb, reading, groups
        )

    def _fit_stream(
        self,
        path: str | Path,
        target: str,
        drop: tuple[str, ...],
        landmarks: int,
        subsample: bool,
        memory_limit_mb: float | None,
        reading: Reading,
        groups: str | None,
    ) -> Self:
        preset, seed = get_preset(self.preset), seed_of(self.random_state)
        control, jobs = Control(), resolve_jobs(self.n_jobs)
        request = StreamRequest(
            task=self._task,
            target=target,
            drop=drop,
            landmarks=landmarks,
            subsample=subsample,
            memory_limit_mb=memory_limit_mb,
            verbose=self.verbose,
            reading=reading,
            groups=groups,
        )
        with (
            translate_memory_errors("the fit", _SMALLER),
            single_threaded(),
            progress(self.verbose) as listen,
            open_engine(self.engine, jobs) as engine,
        ):
            kept = (
                open_checkpoint(
                    self.checkpoint, _hash(path), _settings(preset, request, seed), control
                )
                if self.checkpoint
                else None
            )
            with working(engine, kept):
                fitted = fit_stream(path, request, preset, seed, jobs, control, listen)
            self._store(
                fitted.ready,
                fitted.ready.goal,
                fitted.history,
                fitted.scored,
                seed,
                fitted.info,
                fitted.conformal,
            )
            self._evidence = self._band_rows = self.profile_ = None
        return self


def _hash(path: str | Path) -> str:
    """The hash of the whole file, as a resumed fit must have the same rows."""
    try:
        with open(as_path(path), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileError(
            f"{path} cannot be read: {error.strerror or error}. Check the path and the permissions."
        ) from None


def _settings(preset: Preset, request: StreamRequest, seed: int) -> dict[str, Any]:
    return {
        "preset": repr(preset),
        "seed": seed,
        "stream": repr(replace(request, memory_limit_mb=None, verbose=0)),
    }
