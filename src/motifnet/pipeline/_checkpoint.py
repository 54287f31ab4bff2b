"""The checkpoint of a fit: what makes two fits the same run, and what cannot be resumed.

The same run has the same encoded rows, the same settings, and the same versions of the numerical
packages. Jobs and engine may differ.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import motifnet
from motifnet.engine import Checkpoint, Control, UsageError, fingerprint
from motifnet.losses import Objective
from motifnet.pipeline._prepare import Prepared
from motifnet.pipeline._presets import Preset
from motifnet.structure import Profile, Request

_COMPUTE = ("numpy", "scipy", "torch", "scikit-learn", "lightgbm", "catboost")


def check_resumable(folder: str | Path | None, time_limit_s: float | None) -> None:
    """Refuse a time limit: the calls of a fit would depend on it, and their kept results would not
    fit together.
    """
    if folder is not None and time_limit_s is not None:
        raise UsageError(
            f"checkpoint={str(folder)!r} and time_limit_s={time_limit_s} exclude each other: what "
            "a limited fit does depends on its time. "
            "Leave out the limit and interrupt the fit as you like, or leave out the checkpoint."
        )


def open_checkpoint(
    folder: str | Path, rows: str, settings: dict[str, Any], control: Control
) -> Checkpoint:
    """The checkpoint, in a folder, of the run on these rows with these settings."""
    return Checkpoint(
        folder, {"rows": rows, "settings": settings, "versions": _versions()}, control
    )


def rows_of(ready: Prepared) -> str:
    """A hash of the encoded rows, their target and its units, their folds."""
    s, r = ready.sample, ready.sample.response
    target = [s.y, s.weight, s.labels, None if r is None else (r.y, r.mean, r.sd)]
    scale = None if ready.log is None else (ready.log.mean, ready.log.sd, *ready.log.units)
    return fingerprint(
        [
            s.X,
            target,
            scale,
            ready.goal.scale,
            s.folds,
            s.groups,
            s.time,
            s.numeric,
            s.views,
            ready.encoder.names,
        ]
    )


def settings_of(
    preset: Preset, objective: Objective, seed: int, request: Request
) -> dict[str, Any]:
    """All settings that the result depends on."""
    profile = fingerprint(request.prescription) if isinstance(request, Profile) else request
    return {"preset": repr(preset), "objective": repr(objective), "seed": seed, "profile": profile}


def _versions() -> dict[str, Any]:
    found: dict[str, Any] = {"motifnet": motifnet.__version__}
    for name in _COMPUTE:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found
