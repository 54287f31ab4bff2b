"""What a file says about its fit: words and numbers that are shown, an objective that decides what predictions are. Other notes may stand beside."""

from __future__ import annotations

from typing import Any

from motifnet.bundle._errors import BundleError
from motifnet.bundle._typed import typed
from motifnet.engine import UsageError
from motifnet.losses import Objective

_COUNT = 10**15
_KINDS: dict[str, Any] = {
    "motifnet": str,
    "preset": str,
    "seed": int,
    "rows": int,
    "stream_rows": int,
    "planned_mb": int,
    "landmarks": int,
    "subsample": bool,
    "target_sd": list[float],
    "time_limit_s": float | None,
    "stopped_early": bool,
    "objective": str,
    "quantiles": list[float],
    "offset": bool,
    "compressed": bool,
}


def check_info(info: dict[str, Any], targets: int, classes: int | None) -> None:
    """Raise BundleError where a note is not of its kind, or where notes do not go together."""
    notes = {name: typed(kind, info[name], f"info.{name}") for name, kind in _KINDS.items() if name in info}
    for name, note in notes.items():
        if isinstance(note, int) and not 0 <= note < _COUNT:
            raise BundleError(f"info.{name} is {str(note)[:40]}, no number that a fit has.")
    levels = tuple(notes.get("quantiles", ()))
    objective = Objective(notes.get("objective", "squared"), levels)
    try:
        known = Objective.of(objective.name, levels) == objective
    except UsageError:
        known = False
    if not known or (len(levels) > 1 and targets != 1):
        raise BundleError(f"its objective {objective.name[:40]!r} with {len(levels)} quantiles of {targets} targets is none of motifnet's.")
    sds = notes.get("target_sd", ())
    outputs = targets * max(1, len(levels)) if classes is None else classes
    if not all(0 < sd < float("inf") for sd in sds) or len(sds) not in (0, 1, outputs):
        raise BundleError("its standard deviations of targets are not one positive number an output.")
