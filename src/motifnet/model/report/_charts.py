"""The pictures of a report, each drawn from the facts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from markupsafe import Markup, escape

from motifnet.model.report._svg import (
    WIDTH,
    Plot,
    Range,
    picture,
    plain,
    shortened,
    tag,
    text,
    ticks,
)
from motifnet.model.report._words import Facts

MAX_LINES = 6  # outputs in one picture
LABEL, ROW, HEAD = 128.0, 22.0, 24.0  # width of labels, height of a row and of the axis


def effects(facts: Facts) -> list[tuple[str, Markup]]:
    """A picture for each column, all on one scale, the largest effects first."""
    shown = _outputs(facts)
    found = sorted(
        facts["effects"],
        key=lambda e: -float(np.ptp(np.array(e["effect"])[:, shown], axis=0).max()),
    )
    if not found:
        return []
    ends = [np.array(e[key])[:, shown] for e in found for key in ("lower", "upper")]
    span = _span(min(float(e.min()) for e in ends), max(float(e.max()) for e in ends))
    return [
        (
            e["column"],
            _curve(e, shown, span)
            if e["kind"] in ("numeric", "date") and _ordered(e)
            else _levels(e, shown, span),
        )
        for e in found
    ]


def _outputs(facts: Facts) -> list[int]:
    """The numbers of the shown outputs: of two classes the second, else the first `MAX_LINES`."""
    count = len(facts["outputs"])
    return [1] if facts["classes"] and count == 2 else list(range(min(count, MAX_LINES)))


def effect_words(facts: Facts) -> str:
    """The names of the outputs whose effects are shown."""
    shown = [facts["outputs"][i] for i in _outputs(facts)] if facts["outputs"] else []
    return ("probability of " if facts["classes"] else "") + ", ".join(
        shortened(name, 40) for name in shown
    )


def _ordered(effect: Facts) -> bool:
    return effect["kind"] == "date" or all(isinstance(value, float | int) for value in effect["at"])


def _curve(effect: Facts, shown: list[int], span: Range) -> Markup:
    dates = effect["kind"] == "date"
    xs = (
        [float(np.datetime64(t).astype("datetime64[s]").astype(np.int64)) for t in effect["at"]]
        if dates
        else [float(v) for v in effect["at"]]
    )
    plot = Plot(f"effect of {effect['column']}", (xs[0], xs[-1]), span)
    if dates:
        plot.x_ticks = [
            (xs[i], str(effect["at"][i])[:10]) for i in (len(xs) // 6, len(xs) - 1 - len(xs) // 6)
        ]
    plot.line(plot.x, (0, 0), "zero")
    for n, j in enumerate(shown):
        low, value, high = ([row[j] for row in effect[key]] for key in ("lower", "effect", "upper"))
        plot.band(xs, low, high, f"band c{n}")
        plot.line(xs, value, f"line c{n}")
    for x in xs:
        plot.parts.append(
            tag(
                "line",
                x1=plot.px(x),
                x2=plot.px(x),
                y1=plot.height - 40,
                y2=plot.height - 36,
                cls="rug",
            )
        )
    return plot.render()


def _levels(effect: Facts, shown: list[int], span: Range) -> Markup:
    rows = [
        (
            name if n == 0 else "",
            effect["effect"][i][j],
            effect["lower"][i][j],
            effect["upper"][i][j],
            f"c{n}",
        )
        for i, name in enumerate(effect["at"])
        for n, j in enumerate(shown)
    ]
    return _rows(f"effect of {effect['column']}", rows, span, 0.0)


def importances(facts: Facts, count: int = 15) -> Markup | None:
    """Permutation importance, or without a target the share of the network's variance."""
    found = facts["importances"][:count]
    if not found:
        return None
    shares = [i["permutation"] or i["sensitivity"] for i in found]
    rows = [
        (
            i["column"],
            s["value"],
            s["value"] - 1.96 * s["error"],
            s["value"] + 1.96 * s["error"],
            "c0",
        )
        for i, s in zip(found, shares, strict=True)
    ]
    return _rows("importance of the columns", rows, _span(0.0, max(row[3] for row in rows)), 0.0)


def groups(facts: Facts) -> list[tuple[str, Markup]]:
    """For each column the errors of its groups, as multiples of the error of all rows."""
    found = facts["groups"]
    if not found:
        return []
    span = _span(min(0.5, *(g["ratio"] for g in found)), max(1.5, *(g["ratio"] for g in found)))
    parts = []
    for name, own in groupby(found, key=lambda g: g["column"]):
        rows = [
            (g["label"], g["ratio"], g["ratio"], g["ratio"], "bad" if g["worse"] else "c0")
            for g in own
        ]
        parts.append((name, _rows(f"error by {name}", rows, span, 1.0)))
    return parts


def _rows(
    title: str, rows: Sequence[tuple[str, float, float, float, str]], span: Range, origin: float
) -> Markup:
    """One line for each row: label, stem from the origin to a dot, bar from lower to upper end."""
    height = HEAD + ROW * len(rows) + 6

    def px(value: float) -> float:
        return LABEL + (WIDTH - LABEL - 14) * (min(max(value, span[0]), span[1]) - span[0]) / (
            (span[1] - span[0]) or 1
        )

    drawn = []
    for value in ticks(span, 4):
        drawn.append(
            tag("line", x1=px(value), x2=px(value), y1=HEAD - 6, y2=height - 4, cls="grid")
        )
        drawn.append(text(px(value), 12, plain(value)))
    drawn.append(tag("line", x1=px(origin), x2=px(origin), y1=HEAD - 6, y2=height - 4, cls="zero"))
    for i, (label, value, low, high, cls) in enumerate(rows):
        y = HEAD + ROW * (i + 0.5)
        drawn.append(
            tag(
                "text",
                tag("title", shortened(label, 200)) + escape(shortened(label, 19)),
                x=LABEL - 8,
                y=y + 4,
                cls="name",
                text_anchor="end",
            )
        )
        drawn.append(tag("line", x1=px(origin), x2=px(value), y1=y, y2=y, cls=f"stem {cls}"))
        if high > low:
            drawn.append(tag("line", x1=px(low), x2=px(high), y1=y, y2=y, cls=f"line {cls}"))
        drawn.append(tag("circle", cx=px(value), cy=y, r=4.0, cls=f"dot {cls}"))
    return picture(title, drawn, WIDTH, height)


def predictions(facts: Facts) -> Markup | None:
    """Predicted against observed."""
    found = facts["calibration"]
    if not found or "points" not in found:
        return None
    xs, ys = ([point[i] for point in found["points"]] for i in (0, 1))
    span = _span(min(*xs, *ys), max(*xs, *ys))
    plot = Plot("predicted against observed", span, span, "predicted", "observed", height=300.0)
    plot.line(span, span, "zero")
    plot.dots(xs, ys, "dot faint c0")
    plot.line(
        [t["predicted"] for t in found["tenths"]],
        [t["observed"] for t in found["tenths"]],
        "line c1",
    )
    return plot.render()


def reliability(facts: Facts) -> Markup | None:
    """Predicted probability against the observed share."""
    found = facts["calibration"]
    if not found or "reliability" not in found:
        return None
    plot = Plot(
        "reliability curve",
        (0.0, 1.0),
        (0.0, 1.0),
        "predicted probability",
        "observed share",
        height=300.0,
    )
    plot.line((0, 1), (0, 1), "zero")
    for p, share, rows in found["reliability"]:
        error = 1.96 * (max(share * (1 - share), 0.25 / rows) / rows) ** 0.5
        plot.line((p, p), (max(0.0, share - error), min(1.0, share + error)), "line c0")
    plot.dots(
        [r[0] for r in found["reliability"]], [r[1] for r in found["reliability"]], "dot c0", 4.0
    )
    return plot.render()


def coverage(facts: Facts) -> Markup | None:
    """The share of observations inside, by the requested coverage."""
    found = facts["calibration"]
    if not found or not found["coverage"]:
        return None
    levels, shares = zip(*found["coverage"], strict=True)
    span = _span(min(*levels, *shares), 1.0)
    plot = Plot("coverage", (span[0], 1.0), (span[0], 1.0), "requested", "observed", height=300.0)
    plot.line((span[0], 1), (span[0], 1), "zero")
    plot.line(levels, shares, "line c0")
    plot.dots(levels, shares, "dot c0", 4.0)
    return plot.render()


def pit_histogram(facts: Facts) -> Markup | None:
    """The share of observations in each tenth of their predictive distributions."""
    found = (facts["calibration"] or {}).get("distribution")
    if not found:
        return None
    shares = found["pit"]
    even = 1 / len(shares)
    error = 1.96 * (even * (1 - even) / found["rows"]) ** 0.5
    plot = Plot(
        "PIT histogram",
        (0.0, 1.0),
        (0.0, 1.15 * max(*shares, even + error)),
        "predicted probability of a smaller value",
        "share of observations",
        height=300.0,
    )
    for i, share in enumerate(shares):
        ends = (i * even, (i + 1) * even)
        plot.line((ends[0], *ends, ends[1]), (0.0, share, share, 0.0), "line c0")
    plot.band((0.0, 1.0), (even - error,) * 2, (even + error,) * 2, "band c1")
    plot.line((0.0, 1.0), (even, even), "zero")
    return plot.render()


def fan(facts: Facts) -> Markup | None:
    """The distributions of rows in the order of their medians, with the observations."""
    found = (facts["calibration"] or {}).get("distribution")
    if not found:
        return None
    quantiles = np.array([row["quantiles"] for row in found["fan"]]).T
    observed = [row["observed"] for row in found["fan"]]
    xs = list(range(1, len(observed) + 1))
    plot = Plot(
        "predictive distributions",
        (1.0, float(max(len(xs), 2))),
        _span(min(*observed, quantiles.min()), max(*observed, quantiles.max())),
        "rows, by their medians",
        "target",
        height=300.0,
    )
    for i in range(len(quantiles) // 2):  # one over the other, so that the middle is darkest
        plot.band(xs, quantiles[i].tolist(), quantiles[-1 - i].tolist(), "band c0")
    plot.line(xs, quantiles[len(quantiles) // 2].tolist(), "line c0")
    plot.dots(xs, observed, "dot c1", 1.8)
    return plot.render()


def densities(facts: Facts) -> Markup | None:
    """The densities of three rows, each with a line at its observation."""
    found = (facts["calibration"] or {}).get("distribution")
    if not found:
        return None
    rows = found["densities"]
    ends = [value for row in rows for value in (*row["points"], row["observed"])]
    top = max(max(row["density"]) for row in rows)
    plot = Plot(
        "densities of three rows",
        _span(min(ends), max(ends)),
        (0.0, 1.05 * top),
        "target",
        "density",
    )
    for n, row in enumerate(rows):
        plot.line(row["points"], row["density"], f"line c{n}")
        plot.line((row["observed"],) * 2, (0.0, 0.5 * max(row["density"])), f"line c{n}")
    return plot.render()


def coverage_by_prediction(facts: Facts) -> Markup | None:
    """Coverage in each tenth of the predictions."""
    found = facts["calibration"]
    tenths = [t for t in (found or {}).get("tenths", ()) if t["coverage"] is not None]
    if not tenths:
        return None
    xs = [t["predicted"] for t in tenths]
    ys = [t["coverage"] for t in tenths]
    level = tenths[0]["level"]
    plot = Plot(
        "coverage by prediction",
        _span(min(xs), max(xs)),
        (min(0.7, *ys), 1.0),
        "prediction",
        f"coverage of {level:.0%}",
        height=300.0,
    )
    plot.line(plot.x, (level, level), "zero")
    for x, y, t in zip(xs, ys, tenths, strict=True):
        error = 1.96 * (level * (1 - level) / t["rows"]) ** 0.5
        plot.line((x, x), (max(plot.y[0], y - error), min(1.0, y + error)), "line c0")
    plot.dots(xs, ys, "dot c0", 4.0)
    return plot.render()


def _span(low: float, high: float) -> Range:
    """A range with a little room."""
    room = 0.05 * (high - low) or 0.5
    return low - room, high + room
