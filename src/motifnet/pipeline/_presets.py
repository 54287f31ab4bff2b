"""Presets: how much a fit tries. All are deterministic and choose by out-of-fold error only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from numbers import Integral
from typing import Any

from motifnet.engine import UsageError
from motifnet.kernels import Capacity
from motifnet.losses import Objective
from motifnet.teachers import TEACHERS, KernelRidge
from motifnet.training import FeatureSettings

_FLAT = FeatureSettings(
    profiles=("laplace1", "laplace2", "matern32", "matern52", "gaussian"),
    batch=350,
    steps=40,
    rounds=3,
    log_loss=True,
)
_DEEP = replace(_FLAT, depth=1)  # a residual block before its distances
_SHORT = replace(_FLAT, rounds=2)
_RETRAINED = replace(_FLAT, ridge_factors=(1.0,))
_MATERN = FeatureSettings(
    profiles=("laplace1", "matern32", "matern52"), steps=60, map_share=0, log_loss=True
)
_MANY = (_DEEP, _FLAT, _MATERN)
# of the fast preset, within ten times the seconds of 500 boosted trees
_SMALL, _SMALLEST = Capacity(1_200, 800), Capacity(1_200, 400)
_QUICK = FeatureSettings(steps=30, batch=256, capacity=_SMALL, ridge_factors=(1.0,))
_CONVEX = KernelRidge(capacity=_SMALL)  # the start of trainings, of next to no weight in the stack
FOLD_ROWS = 10  # minimum of each fold
CANNOT_LEARN = {("catboost", "gamma")}  # pairs of a teacher and an objective
SIZES = ("compact", "full", "small")


@dataclass(frozen=True)
class Preset:
    """What a fit tries: folds, the convex fit, feature-layer trainings, other base models."""

    folds: int = 4
    small_rows: int = 200  # a smaller table has up to twice the number of folds
    scored_rows: int = 500  # of the first folds, which are scored
    single_rows: int = 3_000  # from this number on a single fold is scored
    convex: KernelRidge = _CONVEX
    inner: tuple[FeatureSettings, ...] = (_DEEP,)
    of_single: tuple[FeatureSettings, ...] = (replace(_SHORT, depth=1), _SHORT)  # of a single fold
    retrained: FeatureSettings = _RETRAINED  # of the caller's own teacher
    early: tuple[str, ...] = ("linear", "quick trees")  # before the trainings
    teachers: tuple[str, ...] = ()  # after the trainings
    of_classes: tuple[str, ...] = ("shallow trees",)  # the same, for classes only
    installed: tuple[str, ...] = ()  # the same, where their package is installed
    # the same, in what a time limit leaves: the name, and its seconds over those of quick trees
    in_time: tuple[tuple[str, float], ...] = ()
    monotone: tuple[str, ...] = ("trees", "randomised trees")  # of a monotone fit
    ridge_again: bool = True  # solve the convex fit for other λ
    sup_norm: bool = False  # train for the largest error
    requested: tuple[str, ...] = ()  # by the caller, by name

    def n_folds(self, n: int) -> int:
        """The number of folds: up to twice `folds` for small tables, each with at least `FOLD_ROWS`
        rows.
        """
        folds = (
            max(self.folds, min(2 * self.folds, n // FOLD_ROWS))
            if n < self.small_rows
            else self.folds
        )
        return min(n, folds)

    def with_teachers(self, names: Any, objective: Objective) -> Preset:
        """The preset for an objective, with the caller's teachers and those that are installed and
        can learn under it.

        Raises UsageError for a teacher that is unknown, not installed, or cannot learn under the
        objective.
        """
        if objective.name == "supnorm":
            return replace(self, sup_norm=True).with_teachers(names, Objective())

        def can_learn(name: str) -> bool:
            missing = name == "catboost" and find_spec(name) is None
            return not missing and (name, objective.name) not in CANNOT_LEARN

        found = [name for name in self.installed if can_learn(name)]
        if names is None:
            in_time = tuple(extra for extra in self.in_time if can_learn(extra[0]))
            return replace(self, teachers=(*self.teachers, *found), in_time=in_time)
        known = [name for name in TEACHERS if name != "kernel ridge"]
        if (
            isinstance(names, str)
            or not isinstance(names, Iterable)
            or any(name not in known for name in names)
        ):
            raise UsageError(
                f"teachers={names!r} must be a list of "
                f"{', '.join(map(repr, known))}, or None for those of the preset "
                "alone."
            )
        if "catboost" in names and find_spec("catboost") is None:
            raise UsageError(
                "teachers names 'catboost', but CatBoost is not installed. Run pip "
                'install "motifnet[catboost]", or leave it out.'
            )
        if any((name, objective.name) in CANNOT_LEARN for name in names):
            raise UsageError(
                "CatBoost has no loss for objective='gamma'. Leave 'catboost' out of "
                "teachers, or choose another objective."
            )
        others = [*found, *(name for name in names if name not in self.early)]
        return replace(
            self,
            teachers=tuple(dict.fromkeys([*self.teachers, *others])),
            in_time=(),
            requested=tuple(names),
        )

    def trainings(self, folds: int) -> tuple[FeatureSettings, ...]:
        """The feature-layer trainings for a number of folds."""
        return self.of_single if folds == 1 else self.inner

    def later(self, classes: bool) -> tuple[str, ...]:
        """The base models after the trainings."""
        return tuple(dict.fromkeys([*self.teachers, *(self.of_classes if classes else ())]))


PRESETS = {
    "fast": Preset(
        folds=3,
        small_rows=0,
        convex=KernelRidge(capacity=_SMALLEST, grid_rows=200, fitted_rows=12_000),
        inner=(_QUICK,),
        of_single=(_QUICK,),
        retrained=_QUICK,
        of_classes=(),
        monotone=("quick trees",),
        ridge_again=False,
    ),
    "balanced": Preset(
        in_time=(("trees", 3.0), ("catboost", 12.0), ("randomised trees", 4.0)),
    ),
    "best": Preset(
        small_rows=1_000,
        scored_rows=4_000,
        single_rows=16_000,
        inner=_MANY,
        of_single=_MANY,
        early=("linear", "trees"),
        teachers=("randomised trees", "splines", "support vectors", "smoothed trees"),
        installed=("catboost",),
    ),
}


def check_size(size: Any, max_parameters: Any) -> None:
    """Raises UsageError for an unknown size, or a budget that is no number of parameters."""
    if not isinstance(size, str) or size not in SIZES:
        raise UsageError(
            f"size={size!r} is not known; choose one of {', '.join(map(repr, SIZES))}."
        )
    if max_parameters is not None and (
        isinstance(max_parameters, bool)
        or not isinstance(max_parameters, Integral)
        or max_parameters < 1
    ):
        raise UsageError(
            f"max_parameters={max_parameters!r} must be a whole number, at least 1, "
            "or None for no budget."
        )


def get_preset(name: str) -> Preset:
    """The preset of that name. Raises UsageError for an unknown one."""
    if not isinstance(name, str) or name not in PRESETS:
        raise UsageError(
            f"preset={name!r} is not known; choose one of {', '.join(map(repr, PRESETS))}."
        )
    return PRESETS[name]
