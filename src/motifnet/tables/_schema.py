"""What a fit remembers of its table: names, kinds and level types of the columns; and the check of later tables against it.

The phrases about names are scikit-learn's, since its tools look for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from motifnet.engine import DataError, warn_caller
from motifnet.tables._column import Kind
from motifnet.tables._reading import PLAIN, Reading

_HEAD = "The feature names should match those that were passed during fit.\n"


@dataclass(frozen=True)
class Schema:
    """Columns of the fit in order; `named` tells whether the names came with the table (else they are x0, x1, …); `reading`: of its texts."""

    names: tuple[str, ...]
    kinds: tuple[Kind, ...]
    level_types: tuple[str | None, ...]
    named: bool
    reading: Reading = PLAIN

    @property
    def texts(self) -> list[str]:
        """Names of the columns whose texts are levels, whatever they look like."""
        return [name for name, kind in zip(self.names, self.kinds, strict=True) if kind == "categorical"]

    def place(self, names: Sequence[str] | None, width: int, *, reorder: bool = False) -> list[int]:
        """Position, in a table with these names (None: it has none), of each column of the fit; raises where they do not match."""
        if self.named and names is not None:
            return self._by_name(list(names), reorder)
        if width != len(self.names):
            raise DataError(
                f"X has {width} features, but motifnet is expecting {len(self.names)} features as input. "
                f"Pass the columns of the fit, in their order: {_listed(self.names)}."
            )
        if self.named:
            _warn("X does not have valid feature names, but the model was fitted with feature names: its columns are taken in the order of the fit.")
        elif names is not None:
            _warn("X has feature names, but the model was fitted without feature names: its columns are taken in the order of the fit.")
        return list(range(width))

    def _by_name(self, names: list[str], reorder: bool) -> list[int]:
        unseen, missing = sorted(set(names) - set(self.names)), sorted(set(self.names) - set(names))
        if missing or (unseen and not reorder):
            raise DataError(
                _HEAD + _bullets("Feature names unseen at fit time:", unseen) + _bullets("Feature names seen at fit time, yet now missing:", missing)
            )
        if unseen:
            _warn(f"Columns that the model does not know are ignored: {_listed(unseen)}.")
        if not reorder and tuple(names) != self.names:
            raise DataError(
                _HEAD + "Feature names must be in the same order as they were in fit.\nThe order of the fit: " + _listed(self.names) + "."
            )
        where = {name: i for i, name in enumerate(names)}
        return [where[name] for name in self.names]


def _warn(text: str) -> None:
    warn_caller(text)


def _bullets(title: str, names: Sequence[str], most: int = 5) -> str:
    if not names:
        return ""
    return title + "\n" + "".join(f"- {name}\n" for name in names[:most]) + ("- ...\n" if len(names) > most else "")


def _listed(names: Sequence[str], most: int = 12) -> str:
    return ", ".join(map(repr, names[:most])) + (f" and {len(names) - most} more" if len(names) > most else "")
