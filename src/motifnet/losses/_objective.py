"""Objectives by name, as the user says them: which losses they stand for, and which targets they take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from motifnet.engine import UsageError
from motifnet.losses._base import Loss
from motifnet.losses._likelihood import Gamma, Poisson
from motifnet.losses._pinball import Pinball

OBJECTIVES = ("squared", "supnorm", "absolute", "pinball", "poisson", "gamma")


@dataclass(frozen=True)
class Objective:
    """The name, and the increasing levels of "pinball", empty else."""

    name: str = "squared"
    quantiles: tuple[float, ...] = ()

    @classmethod
    def of(cls, name: Any, quantiles: Any) -> Objective:
        """The objective that a user names; UsageError for one that does not exist."""
        if name not in OBJECTIVES:
            raise UsageError(f"objective={name!r} is not known; choose one of {', '.join(map(repr, OBJECTIVES))}.")
        return cls(name, _levels(quantiles)) if name == "pinball" else cls(name)

    @property
    def takes_offset(self) -> bool:
        """Whether an offset, a log exposure, has a meaning."""
        return self.name in ("poisson", "gamma")

    def losses(self, columns: int) -> tuple[Loss, ...]:
        """One loss a column of the prediction; none for squared error, and for "supnorm", which has a training of its own."""
        if self.name in ("squared", "supnorm"):
            return ()
        if self.name == "pinball":
            return tuple(Pinball(level) for level in self.quantiles)
        loss: Loss = {"absolute": Pinball(0.5), "poisson": Poisson(), "gamma": Gamma()}[self.name]
        return (loss,) * columns


def _levels(quantiles: Any) -> tuple[float, ...]:
    listed = list(quantiles) if isinstance(quantiles, Sequence | np.ndarray) and not isinstance(quantiles, str) else [quantiles]
    try:
        levels = sorted(float(level) for level in listed)
    except (TypeError, ValueError):
        levels = []
    if not levels or len(set(levels)) < len(levels) or not all(0 < level < 1 for level in levels):
        raise UsageError(f"quantiles={quantiles!r} must be one or several different levels between 0 and 1, such as (0.1, 0.5, 0.9).")
    return tuple(levels)
