"""Pictures from plain numbers: what is drawn is what was passed, whatever its names and number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot as plt

from motifnet.engine import UsageError
from motifnet.plots import (
    EffectPanel,
    Measured,
    Observed,
    Row,
    draw_calibration,
    draw_effects,
    draw_measured,
    draw_rows,
    draw_stages,
    draw_waterfall,
    html_block,
    html_table,
    new_axes,
)


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def test_passed_axes_are_used_and_new_ones_belong_to_pyplot() -> None:
    _, mine = plt.subplots()
    assert new_axes(mine) is mine
    ax = new_axes()
    assert plt.gcf() is ax.figure is not mine.figure


@pytest.mark.parametrize("wrong", [3, "ax", np.zeros(2), plt])
def test_what_is_no_axes_is_refused(wrong: object) -> None:
    with pytest.raises(UsageError, match="no matplotlib Axes"):
        new_axes(wrong)


def test_bars_end_at_their_values_and_intervals_at_their_ends() -> None:
    rows = [Row("a", 3.0, 1.0), Row("b", 0.5, marked=True, note="1 → 2")]
    ax = draw_rows(rows, label="value", word="row", origin=1.0)
    ends = [bar.get_x() + bar.get_width() for bar in ax.patches]  # type: ignore[attr-defined]
    assert ends == pytest.approx([3.0, 0.5])
    (segment,) = ax.collections[0].get_segments()  # type: ignore[attr-defined]
    assert segment[:, 0] == pytest.approx([2.0, 4.0])
    assert ax.patches[0].get_facecolor() != ax.patches[1].get_facecolor()
    assert "1 → 2" in [text.get_text() for text in ax.texts]


def test_of_many_rows_the_first_are_drawn_and_the_rest_counted() -> None:
    ax = draw_rows([Row(f"column {i}", 1.0) for i in range(40)], label="share", word="column")
    assert len(ax.patches) == 15 and "25 more columns" in ax.get_xlabel()
    empty = draw_rows([], label="share", word="column", nothing="none here")
    assert empty.texts[0].get_text() == "none here"


def test_long_names_that_start_alike_stay_different_and_are_no_formulas() -> None:
    names = ["concentration of the acid in tank 1", "concentration of the acid in tank 2", "$a_b$"]
    ax = draw_rows([Row(name, 1.0) for name in names], label="", word="column")
    shown = [text.get_text() for text in ax.get_yticklabels()]
    assert len(set(shown)) == 3 and max(map(len, shown)) <= 26
    assert shown[0].endswith("1") and shown[2] == r"\$a_b\$"
    ax.figure.canvas.draw()


def test_stages_stand_at_their_seconds_and_the_line_is_the_best_kept_error() -> None:
    ax = draw_stages(
        ["a", "b", "c"], [1.0, 2.0, 0.5], [0.5, 0.4, 0.45], [True, False, True], label="e"
    )
    line, kept, tried = ax.lines
    assert line.get_xydata() == pytest.approx(np.array([[1, 0.5], [3, 0.5], [3.5, 0.45]]))
    assert kept.get_xydata() == pytest.approx(np.array([[1, 0.5], [3.5, 0.45]]))
    assert tried.get_xydata() == pytest.approx(np.array([[3, 0.4]]))
    assert [text.get_text() for text in ax.texts] == ["a  0.5", "c  0.45", "b  0.4"]


def test_each_value_keeps_its_place_between_the_ends_of_its_scale() -> None:
    nan = float("nan")
    rows = [
        Measured("share", 0.5, (0.25, 0.75), "of var", True, "found", (0.0, 1.0)),
        Measured("ratio", 2.0, (1.0, 3.0), "", False, "none", nothing=1.0),
        Measured("unknown", nan, (nan, nan), "", False, "too few rows"),
        Measured("one end", 2.0, (nan, nan), "", False, "none"),
    ]
    ax = draw_measured(rows)
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert len(dots) == 3 and dots[0].get_xdata() == pytest.approx([0.5])
    assert dots[1].get_xdata() == pytest.approx([0.5])
    assert "too few rows" in [text.get_text() for text in ax.texts]
    ax.figure.canvas.draw()


def panel(name: str, at: tuple[object, ...], kind: str = "numeric", q: int = 1) -> EffectPanel:
    value = np.arange(len(at) * q, dtype=float).reshape(len(at), q)
    return EffectPanel(name, kind, at, value, np.full_like(value, 0.5))


def test_effects_of_numbers_dates_and_levels_share_one_scale() -> None:
    panels = [
        panel("x", (0.0, 1.0, 5.0), q=2),
        panel("day", ("2020-01-01T00:00:00", "2021-01-01T00:00:00"), "date", q=2),
        panel("town", ("Nara", "a town of a very long name", "Uji"), "string", q=2),
        panel("code", tuple(f"level {i}" for i in range(12)), "string", q=2),
    ]
    axes = draw_effects(panels, ["low", "high"], label="effect on y")
    assert [ax.get_xlabel() for ax in axes] == ["x", "day", "town", "code"]
    assert axes[0].get_ylim() == axes[3].get_ylim()
    for j in range(2):
        assert axes[0].lines[j].get_ydata() == pytest.approx(panels[0].value[:, j])
        assert axes[2].lines[j].get_ydata() == pytest.approx(panels[2].value[:, j])
    legend = axes[0].get_legend()
    assert legend and [text.get_text() for text in legend.get_texts()] == ["low", "high"]
    axes[0].figure.canvas.draw()


def test_effects_need_an_axes_for_each_column() -> None:
    _, pair = plt.subplots(1, 2)
    panels = [panel("a", (0.0, 1.0)), panel("b", (0.0, 1.0))]
    assert draw_effects(panels, ["y"], pair, label="") == list(pair)
    with pytest.raises(UsageError, match="1 axes for 2 columns"):
        draw_effects(panels, ["y"], pair[0], label="")


def test_observed_shares_stand_in_their_intervals_which_stay_in_the_square() -> None:
    one = Observed("a", np.array([0.1, 0.9]), np.array([0.0, 1.0]), np.array([5.0, 5.0]))
    ax = draw_calibration([one], x_label="p", y_label="share")
    assert ax.lines[1].get_xydata() == pytest.approx(np.array([[0.1, 0.0], [0.9, 1.0]]))
    low, high = (s[:, 1] for s in ax.collections[0].get_segments())  # type: ignore[attr-defined]
    # Wilson's interval of 0 of n is 0 to z²/(n + z²)
    assert low == pytest.approx([0.0, 1.96**2 / (5 + 1.96**2)])
    assert high == pytest.approx([5 / (5 + 1.96**2), 1.0])


def test_html_escapes_what_a_table_holds_and_counts_what_it_leaves_out() -> None:
    page = html_block("<b>", ["x < y"], html_table(["a"], [["<script>"]] * 40))
    assert "<script" not in page and "&lt;script&gt;" in page and "x &lt; y" in page
    assert "10 more rows" in page and page.count("<tr>") == 31


def test_a_waterfall_ends_where_it_should_and_joins_the_smallest_steps() -> None:
    steps = [Row(f"${i}$ column", (-1.0) ** i / (i + 1), 0.01) for i in range(14)]
    total = sum(step.value for step in steps)
    ax = draw_waterfall(steps, 5.0, 5.0 + total, label="price in $")
    bars: list[Any] = list(ax.patches)
    assert len(bars) == 11
    assert ax.get_yticklabels()[-1].get_text() == "4 other columns"
    ends = [bar.get_x() + bar.get_width() for bar in bars]
    np.testing.assert_allclose([bar.get_x() for bar in bars], [5.0, *ends[:-1]])
    assert ends[-1] == pytest.approx(5.0 + total)
    ax.figure.canvas.draw()  # names are no formulas
