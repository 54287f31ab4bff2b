"""The report of a check: sentences, JSON, and one HTML page."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from motifnet.engine import FileError, UsageError, as_path, atomic_file, suffix_of
from motifnet.further.synthetic._fidelity import LEVEL, Fidelity
from motifnet.further.synthetic._privacy import Privacy
from motifnet.further.synthetic._utility import Utility

_SUFFIXES = (".html", ".json")


@dataclass(frozen=True)
class SyntheticReport:
    """What `check_synthetic` found; `print` gives a sentence for each question.

    Attributes
    ----------
    fidelity : Fidelity
        Whether rows have the law of the real ones.
    utility : Utility
        Whether models of these rows predict real ones.
    privacy : Privacy
        Whether rows are copies of real ones.
    rows : pair of int
        Numbers of real and synthetic rows.
    holdout_rows : int
        Number of rows of the hold-out, 0 where a third of the real rows served.

    Examples
    --------
    >>> import numpy as np
    >>> from motifnet.synthetic import check_synthetic
    >>> rng = np.random.default_rng(0)
    >>> real, drawn = rng.normal(size=(90, 2)), rng.normal(size=(90, 2))
    >>> found = check_synthetic(real, drawn)
    >>> found.passed, found.alarms
    (True, ())
    >>> found.write("synthetic.html")
    """

    fidelity: Fidelity
    utility: Utility
    privacy: Privacy
    rows: tuple[int, int]
    holdout_rows: int

    @property
    def passed(self) -> bool:
        """Whether no question has an alarm."""
        return not self.alarms

    @property
    def alarms(self) -> tuple[str, ...]:
        """The questions with a p-value at or below 0.05."""
        found = {
            "fidelity": self.fidelity.pvalue <= LEVEL,
            "utility": self.utility.worse,
            "privacy": self.privacy.copied,
        }
        return tuple(name for name, alarm in found.items() if alarm)

    @property
    def verdict(self) -> tuple[str, ...]:
        """A sentence for each question: what was found and what to do."""
        return (self.fidelity.sentence, self.utility.sentence, self.privacy.sentence)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "passed": self.passed,
            "alarms": list(self.alarms),
            "verdict": list(self.verdict),
            "rows": {
                "real": self.rows[0],
                "synthetic": self.rows[1],
                "holdout": self.holdout_rows,
            },
            "fidelity": self.fidelity.to_dict(),
            "utility": self.utility.to_dict(),
            "privacy": self.privacy.to_dict(),
        }

    def json(self) -> str:
        """The content of `to_dict`."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n"

    def html(self) -> str:
        """One HTML page that needs no network and runs no script. It holds no row of a table, but
        medians, shares and levels of columns.
        """
        from motifnet.further.synthetic._page import page

        return page(self)

    def __str__(self) -> str:
        return "\n".join(self.verdict)

    def write(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write to a file.

        Parameters
        ----------
        path : str or Path
            HTML or JSON by its suffix (.html, .json).
        overwrite : bool, default False
            Whether an existing file is replaced.

        Raises
        ------
        UsageError
            For another suffix, and for a file that exists without `overwrite`.
        FileError
            Where the folder does not exist.
        """
        suffix = _checked(path, overwrite=overwrite)
        with atomic_file(path) as temporary:
            content = self.html() if suffix == ".html" else self.json()
            temporary.write_text(content, encoding="utf-8")


def _checked(path: str | Path, *, overwrite: bool) -> str:
    """The suffix of a path that a report may be written to."""
    target = Path(os.path.realpath(as_path(path)))
    suffix = suffix_of(path, _SUFFIXES)
    if target.is_dir() or not target.parent.is_dir():
        raise FileError(
            f"{str(path)!r} cannot be written: it is a folder, or its folder does not exist. Give "
            "the path of a file in a folder that exists."
        )
    if target.exists() and not overwrite:
        raise UsageError(
            f"{str(path)!r} exists already. Pass overwrite=True to replace it, or another path."
        )
    return suffix
