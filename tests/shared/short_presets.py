"""Presets with every stage that they have, and distillations, in a fraction of the time: for what
does not depend on how long networks are trained.
"""

from __future__ import annotations

from dataclasses import replace

from motifnet.compress._distillation import Distillation
from motifnet.pipeline import PRESETS, Preset


def short(name: str) -> Preset:
    """The preset of that name with few folds, and trainings of few steps."""
    preset = PRESETS[name]
    inner, single = (
        tuple(replace(settings, steps=3) for settings in several)
        for several in (preset.inner, preset.of_single)
    )
    retrained = replace(preset.retrained, steps=3)
    return replace(preset, folds=2, inner=inner, of_single=single, retrained=retrained)


def shorter(distillation: Distillation) -> Distillation:
    """One with trainings of few steps."""
    settings = distillation.settings
    inner = replace(settings.inner, steps=3)
    return replace(distillation, settings=replace(settings, steps=10, inner=inner))
