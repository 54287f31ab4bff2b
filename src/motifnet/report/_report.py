"""The report of a fitted model: one dict of facts, shown as HTML, Markdown, JSON or text."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from motifnet.bundle import FittedModel, atomic_file
from motifnet.engine import FileError, UsageError, as_path
from motifnet.explain import Evidence
from motifnet.profiling import Profile
from motifnet.report._facts import collect, visible
from motifnet.report._html import html
from motifnet.report._text import markdown, plain_text


@dataclass(frozen=True)
class Report:
    """`facts`: plain JSON, all that is shown."""

    facts: dict[str, Any]

    def html(self) -> str:
        """One HTML page that needs no network and runs no script."""
        return html(visible(self.facts))

    def markdown(self) -> str:
        """The same facts as Markdown."""
        return markdown(visible(self.facts))

    def json(self) -> str:
        """The facts themselves."""
        text = json.dumps(self.facts, indent=1, ensure_ascii=False, allow_nan=False)
        return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)

    def __str__(self) -> str:
        return plain_text(visible(self.facts))

    def _repr_html_(self) -> str:
        # in a frame of its own, so that neither style reaches the other
        return f'<iframe srcdoc="{escape(self.html())}" sandbox width="100%" height="640" frameborder="0" title="report"></iframe>'

    def write(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write to a file, as HTML, Markdown or JSON by its suffix; the file is whole or not there.

        UsageError for another suffix, and for a file that is there already unless `overwrite` is set.
        """
        form = FORMS[check_target(path, overwrite=overwrite)]
        with atomic_file(path) as temporary:
            temporary.write_text(form(self), encoding="utf-8")


FORMS: dict[str, Callable[[Report], str]] = {".html": Report.html, ".md": Report.markdown, ".json": Report.json}


def suffix_of(path: str | Path) -> str:
    """The suffix of a path that a report can be written to."""
    suffix = Path(as_path(path)).suffix.lower()
    if suffix not in FORMS:
        raise UsageError(f"{str(path)!r} has the suffix {suffix!r}, which is no form of a report. Use one of {', '.join(FORMS)}.")
    return suffix


def check_target(path: str | Path, *, overwrite: bool) -> str:
    """The suffix of a path that a report may be written to: it stands for a form, in a folder, and no file is there that is not to be replaced."""
    suffix, place = suffix_of(path), Path(os.path.realpath(path))
    if place.is_dir() or not place.parent.is_dir():
        reason = "Is a directory" if place.is_dir() else "No such file or directory"
        raise FileError(f"{str(path)!r} cannot be written: {reason}. Give a path in a folder that exists, is writable and has room.")
    if place.exists() and not overwrite:
        raise UsageError(f"{str(path)!r} exists already. Pass overwrite=True to replace it, or another path.")
    return suffix


def make_report(model: FittedModel, evidence: Evidence | None, *, profile: Profile | None = None) -> Report:
    """The report of a model; without rows it has no effects and no errors by group."""
    return Report(collect(model, evidence, profile))
