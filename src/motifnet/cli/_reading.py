"""How a command reads the texts of a table: as its options say, and where they say nothing as the fit did."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from motifnet.bundle import FittedModel
    from motifnet.tables import Reading


def reading_of(decimal: str | None, missing: list[str] | None, fitted: Reading | None = None) -> Reading:
    """That of --decimal and --missing."""
    from motifnet.tables import PLAIN, Reading

    before = fitted or PLAIN
    return Reading(decimal or before.decimal, tuple(dict.fromkeys((*before.missing, *(missing or [])))))


def read_by(model: FittedModel, reading: Reading) -> FittedModel:
    """The model, whose tables are read so."""
    return replace(model, schema=replace(model.schema, reading=reading))


def class_strings(model: FittedModel) -> list[str]:
    """The target where its classes are texts, so that it is read as texts whatever they look like."""
    return list(model.targets) if model.classes is not None and isinstance(model.classes[0], str) else []
