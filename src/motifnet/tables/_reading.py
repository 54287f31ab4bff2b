"""How the texts of a table are read: which stand for a number, and which for a missing value.

    a text of no letters, or one of `missing`      missing in every column
    blanks alone, NA, nan, null, None, … (`MARKS`)  missing where only numbers, truth values or dates can stand; elsewhere a text like others
    number = [±] digits [decimal digits] [e ± digits], or ± inf

So a text means the same in a file and in memory, and none that merely resembles a number is taken for one (1_0, 1,5, ١).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import UsageError

MARKS: tuple[str, ...] = ("", "NA", "N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "NaT", "NULL", "null", "None", "<NA>", "#N/A", "#NA", "#N/A N/A")
MARKS += ("1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN")
_FOLDED = frozenset(mark.casefold() for mark in MARKS)
_NUMBER = re.compile(r"\s*[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|inf(?:inity)?)\s*", re.ASCII | re.IGNORECASE)
_WHOLE = re.compile(r"\s*[-+]?\d+\s*", re.ASCII)


def is_mark(text: str) -> bool:
    """Whether the text stands for a missing value where no other text can stand."""
    return text.strip().casefold() in _FOLDED


@dataclass(frozen=True)
class Reading:
    """`decimal`: the character before the digits after the point; `missing`: texts that stand for a missing value in every column."""

    decimal: str = "."
    missing: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.decimal not in (".", ","):
            raise UsageError(f"decimal={self.decimal!r} is no decimal character. Choose '.' or ','.")
        if isinstance(self.missing, str) or not all(isinstance(text, str) for text in self.missing):
            raise UsageError(f"missing={self.missing!r} must be a list of texts, such as ['?']. Pass [] for none.")
        object.__setattr__(self, "missing", tuple(self.missing))

    @property
    def missing_numbers(self) -> list[float]:
        """Those of `missing` that are numbers: -999 is missing as -999.0 too."""
        return [number for text in self.missing if (number := self.number(text)) is not None]

    def number(self, text: str) -> float | None:
        """The number that a text stands for, or None."""
        plain = self._plain(text)
        return None if plain is None else float(plain)

    def numbers(self, texts: NDArray[Any]) -> NDArray[Any] | None:
        """An array of texts and None as numbers, marks as missing, or None where a text is neither; whole numbers of any size stay exact."""
        import pandas as pd

        codes, found = pd.factorize(texts)
        if all(map(is_mark, found)) and any(text.strip() for text in found):
            return None
        plain = [None if is_mark(text) else self._plain(text) for text in found]
        if any(number is None and not is_mark(text) for number, text in zip(plain, found, strict=True)):
            return None
        if codes.min(initial=0) >= 0 and all(number is not None and _WHOLE.fullmatch(number) for number in plain):
            whole = [int(number) for number in plain if number is not None]
            fits = all(-(2**63) <= number < 2**63 for number in whole)
            return np.array(whole, dtype=np.int64 if fits else object)[codes]
        return np.array([*(np.nan if number is None else float(number) for number in plain), np.nan])[codes]

    def _plain(self, text: str) -> str | None:
        """The text of a number with a point for the decimal character."""
        if self.decimal != ".":
            text = text.replace(".", "\0").replace(self.decimal, ".")
        return text if _NUMBER.fullmatch(text) else None


PLAIN = Reading()
