"""Presets with every stage that they have, in a fraction of the time: for what does not depend on
how long the feature layers are trained.
"""

from __future__ import annotations

from dataclasses import replace

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
