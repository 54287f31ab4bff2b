"""Small vector pictures without styles of their own.

Colours come from classes of the page, so that it may forbid inline styles and follow light and
dark. All strings are escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup, escape

WIDTH, HEIGHT = 340.0, 210.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 20.0, 10.0, 36.0
Range = tuple[float, float]
MAX_TITLE = 200
_TURNING = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def tag(name: str, content: Any = "", **attributes: Any) -> Markup:
    """An element of class `cls`. Numbers are shortened; content that is no markup is escaped."""
    parts = [
        Markup(' {}="{}"').format(_attribute(key), _number(value))
        for key, value in attributes.items()
        if value is not None
    ]
    return Markup("<{}{}>{}</{}>").format(
        Markup(name), Markup("").join(parts), content, Markup(name)
    )


def _attribute(key: str) -> Markup:
    return Markup("class" if key == "cls" else key.replace("_", "-"))


def _number(value: Any) -> Any:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value


def text(x: float, y: float, content: Any, cls: str = "tick", anchor: str = "middle") -> Markup:
    """A line of text."""
    return tag("text", content, x=x, y=y, cls=cls, text_anchor=anchor)


def shortened(words: Any, count: int) -> str:
    """The first letters, with … for more.

    Drops characters that turn the writing direction or are not printable.
    """
    line = "".join(c for c in str(words) if c.isprintable() and c not in _TURNING)
    return line if len(line) <= count else line[: count - 1] + "…"


def picture(
    title: str, content: Iterable[Markup], width: float = WIDTH, height: float = HEIGHT
) -> Markup:
    """The whole drawing, with a title for screen readers."""
    inner = tag("title", shortened(title, MAX_TITLE)) + Markup("").join(content)
    return tag("svg", inner, viewBox=f"0 0 {width:.0f} {height:.0f}", role="img")


def ticks(span: Range, count: int = 5) -> list[float]:
    """Round numbers inside a range."""
    from matplotlib.ticker import MaxNLocator

    return [
        float(t)
        for t in MaxNLocator(count).tick_values(*span)
        if span[0] - 1e-9 <= t <= span[1] + 1e-9
    ]


@dataclass
class Plot:
    """Axes with ranges, and the parts that are drawn in them, in their order."""

    title: str
    x: Range
    y: Range
    x_label: str = ""
    y_label: str = ""
    height: float = HEIGHT
    x_ticks: Sequence[tuple[float, str]] | None = None
    parts: list[Markup] = field(default_factory=list)

    def px(self, x: float) -> float:
        """The horizontal position in the picture."""
        low, high = self.x
        return LEFT + (WIDTH - LEFT - RIGHT) * (x - low) / ((high - low) or 1)

    def py(self, y: float) -> float:
        """The vertical position in the picture."""
        low, high = self.y
        return TOP + (self.height - TOP - BOTTOM) * (high - y) / ((high - low) or 1)

    def line(self, xs: Sequence[float], ys: Sequence[float], cls: str) -> None:
        """Points joined by a line."""
        points = " ".join(f"{self.px(x):.1f},{self.py(y):.1f}" for x, y in zip(xs, ys, strict=True))
        self.parts.append(tag("polyline", points=points, cls=cls))

    def band(
        self, xs: Sequence[float], low: Sequence[float], high: Sequence[float], cls: str
    ) -> None:
        """The area between two lines."""
        around = [*zip(xs, low, strict=True), *reversed(list(zip(xs, high, strict=True)))]
        self.parts.append(
            tag(
                "polygon",
                points=" ".join(f"{self.px(x):.1f},{self.py(y):.1f}" for x, y in around),
                cls=cls,
            )
        )

    def dots(self, xs: Sequence[float], ys: Sequence[float], cls: str, r: float = 2.0) -> None:
        """A circle at each point."""
        self.parts += [
            tag("circle", cx=self.px(x), cy=self.py(y), r=r, cls=cls)
            for x, y in zip(xs, ys, strict=True)
        ]

    def render(self) -> Markup:
        """The picture."""
        return picture(self.title, [*self._axes(), *self.parts], WIDTH, self.height)

    def _axes(self) -> list[Markup]:
        bottom, drawn = self.height - BOTTOM, []
        for value in ticks(self.y):
            drawn.append(
                tag(
                    "line",
                    x1=LEFT,
                    x2=WIDTH - RIGHT,
                    y1=self.py(value),
                    y2=self.py(value),
                    cls="grid",
                )
            )
            drawn.append(text(LEFT - 5, self.py(value) + 3.5, plain(value), anchor="end"))
        for value, label in (
            self.x_ticks if self.x_ticks is not None else [(t, plain(t)) for t in ticks(self.x)]
        ):
            drawn.append(text(self.px(value), bottom + 14, label))
        drawn.append(tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=bottom, y2=bottom, cls="axis"))
        drawn.append(
            text(
                (LEFT + WIDTH - RIGHT) / 2,
                self.height - 5,
                shortened(self.x_label, 50),
                cls="label",
            )
        )
        if self.y_label:
            middle = (TOP + bottom) / 2
            drawn.append(
                tag(
                    "text",
                    shortened(self.y_label, 30),
                    x=11.0,
                    y=middle,
                    cls="label",
                    text_anchor="middle",
                    transform=f"rotate(-90 11 {middle:.1f})",
                )
            )
        return drawn


def plain(value: float) -> str:
    """A number for an axis, with few digits and a true minus."""
    value = 0.0 if abs(value) < 1e-12 else value
    shown = f"{value:,.10g}" if 1e-4 <= abs(value) < 1e7 or not value else f"{value:.3g}"
    return str(escape(shown)).replace("-", "\u2212")
