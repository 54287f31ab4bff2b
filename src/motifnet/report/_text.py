"""The report as Markdown and as text for a terminal."""

from __future__ import annotations

import re
import textwrap
from typing import Any

from motifnet.report._sections import Section, sections

LINE, CELL = 110, 60


def markdown(facts: dict[str, Any]) -> str:
    """GitHub's Markdown; nothing from the table is taken for markup."""
    lines = [f"# {_escaped(', '.join(facts['targets']))}", ""]
    for section in sections(facts):
        lines += [f"## {_escaped(section.title)}", "", *(part for p in section.paragraphs for part in (_escaped(p), ""))]
        if section.rows:
            lines += [_row(section.heads), _row(["---:" if i in section.right else "---" for i in range(len(section.heads))], raw=True)]
            lines += [*(_row(row) for row in section.rows), ""]
    return "\n".join(lines)


def _row(cells: Any, raw: bool = False) -> str:
    return "| " + " | ".join(cell if raw else _escaped(cell) for cell in cells) + " |"


def _escaped(words: str) -> str:
    line = " ".join(words.split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]()#+!|~])", r"\\\1", line)


def plain_text(facts: dict[str, Any]) -> str:
    """Lines of text, tables aligned."""
    return "\n".join(line for section in sections(facts) for line in _lines(section)).rstrip()


def _lines(section: Section) -> list[str]:
    lines = [section.title.upper()]
    lines += [part for p in section.paragraphs for part in textwrap.wrap(p, LINE)]
    if section.rows:
        rows = [[_cut(cell) for cell in row] for row in (section.heads, *section.rows) if any(row)]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines += [
            "  ".join(c.rjust(w) if i in section.right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))).rstrip()
            for row in rows
        ]
    return [*lines, ""]


def _cut(cell: str) -> str:
    line = " ".join(cell.split())
    return line if len(line) <= CELL else line[: CELL - 1] + "…"
