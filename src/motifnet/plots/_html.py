"""Small tables in the HTML of a notebook. All strings are escaped; colours follow the notebook's
theme.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from markupsafe import Markup, escape

from motifnet.engine import printable

MAX_ROWS, MAX_CELL = 30, 240
_CELL = "padding:.15rem .8rem .15rem 0;text-align:{};vertical-align:top"


def html_table(
    heads: Sequence[str], rows: Sequence[Sequence[object]], right: Collection[int] = ()
) -> Markup:
    """A table of at most `MAX_ROWS` rows; the columns `right` are numbers."""
    cells = [_line("th", heads, right), *(_line("td", row, right) for row in rows[:MAX_ROWS])]
    hidden = len(rows) - MAX_ROWS
    note = (
        Markup("<p>{}</p>").format(f"{hidden:,} more rows: see to_frame().") if hidden > 0 else ""
    )
    return (
        Markup('<table style="border-collapse:collapse;font-variant-numeric:tabular-nums">')
        + Markup("").join(cells)
        + Markup("</table>")
        + note
    )


def html_bar(share: float) -> Markup:
    """A bar for a cell, with a share of the largest width."""
    width = 100 * min(max(share, 0.0), 1.0)
    return Markup(
        '<div style="width:8rem"><div style="height:.7em;margin-top:.25em;background:#2b6a99;'
        'width:{:.0f}%"></div></div>'
    ).format(width)


def html_block(title: str, sentences: Iterable[str], table: Markup | str = "") -> str:
    """A title, paragraphs and a table."""
    paragraphs = Markup("").join(
        Markup('<p style="margin:.3rem 0;max-width:75ch">{}</p>').format(printable(line))
        for line in sentences
        if line
    )
    return str(
        Markup('<div class="motifnet"><strong>{}</strong>{}{}</div>').format(
            _text(title), paragraphs, table
        )
    )


def _line(tag: str, cells: Sequence[object], right: Collection[int]) -> Markup:
    parts = [
        Markup('<{0} style="{1}">{2}</{0}>').format(
            Markup(tag), _CELL.format("right" if i in right else "left"), _text(cell)
        )
        for i, cell in enumerate(cells)
    ]
    return Markup("<tr>{}</tr>").format(Markup("").join(parts))


def _text(cell: object) -> Markup:
    if isinstance(cell, Markup):
        return cell
    line = printable(cell)
    return escape(line if len(line) <= MAX_CELL else line[: MAX_CELL - 1] + "…")
