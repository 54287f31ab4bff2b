"""How an explanation shows itself: data frames, pictures, and the HTML of a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import UsageError, check_choice
from motifnet.model.explain._effects import SIGMAS, Effect, Pair, Share
from motifnet.model.explain._leakage import Leakage
from motifnet.model.explain._novelty import Novelty
from motifnet.model.explain._subgroups import Group
from motifnet.plots import (
    LONG,
    Axes,
    EffectPanel,
    Row,
    draw_effects,
    draw_rows,
    html_bar,
    html_block,
    html_table,
)

if TYPE_CHECKING:
    from pandas import DataFrame

    from motifnet.model.explain._explain import Importance

NOTHING = "–"  # for a share that is not known
MAX_LINES = 30  # columns and groups in print
MAX_PANELS = 6  # effects in one picture, where none are named
NO_GROUPS = "errors of groups need 40 rows with a target"
Table = tuple[list[str], list[tuple[Any, ...]]]
PARTS = ("importances", "interactions", "groups")


class ShownExplanation:
    """The part of an `Explanation` that shows it."""

    outputs: tuple[str, ...]
    effects: tuple[Effect, ...]
    importances: tuple[Importance, ...]
    interactions: tuple[Pair, ...]
    rows: Novelty | None
    groups: tuple[Group, ...]
    leakage: Leakage
    classes: bool

    def to_frame(self, part: str = "importances") -> DataFrame:
        """One part as a data frame.

        Parameters
        ----------
        part : {"importances", "interactions", "groups", "effects"}, default "importances"
            Importances have a row for each column, the most important first; effects a row for each
            value of a column and each output.

        Returns
        -------
        pandas.DataFrame
            Standard errors end in ``_se``; ``lower`` and ``upper`` are 95 % bands.

        Raises
        ------
        UsageError
            For another part.
        """
        import pandas as pd

        check_choice("part", part, (*PARTS, "effects"))
        heads, rows = getattr(self, f"_{part}_table")()
        return pd.DataFrame(rows, columns=heads)

    def _importances_table(self) -> Table:
        heads = ["column", "importance", "importance_se", "share_of_variance", "share_se"]
        unknown = Share(float("nan"), float("nan"))
        rows = [
            (i.column, p.value, p.error, i.sensitivity.value, i.sensitivity.error)
            for i in self.importances
            for p in [i.permutation or unknown]
        ]
        return heads, rows

    def _interactions_table(self) -> Table:
        rows = [(p.first, p.second, p.share.value, p.share.error) for p in self.interactions]
        return ["first", "second", "share_of_variance", "share_se"], rows

    def _groups_table(self) -> Table:
        heads = ["column", "label", "rows", "error", "ratio", "coverage", "worse"]
        return heads, [tuple(getattr(g, head) for head in heads) for g in self.groups]

    def _effects_table(self) -> Table:
        rows = [
            (e.name, at, output, e.value[i, j], *_ends(e.value[i, j], e.error[i, j]), e.share[i])
            for e in self.effects
            for i, at in enumerate(e.at)
            for j, output in enumerate(self.outputs)
        ]
        return ["column", "at", "output", "effect", "lower", "upper", "share_of_rows"], rows

    def plot(self, part: str = "importances", ax: Any = None) -> Axes:
        """Draw one part with its 95 % intervals, at most 15 bars.

        Parameters
        ----------
        part : {"importances", "interactions", "groups"}, default "importances"
            Importances are those on held-out rows, or without a target the shares of the network's
            variance. Groups have errors as multiples of that of all rows, the worst first; those
            that are worse beyond chance are red. Effects are drawn by `plot_effects`.
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        UsageError
            For another part, and if `ax` is no Axes.
        """
        check_choice("part", part, PARTS)
        if part == "groups":
            worst = sorted(self.groups, key=lambda g: -g.ratio)
            rows = [
                Row(f"{g.column}: {g.label}", g.ratio, marked=g.worse, pale=not g.worse)
                for g in worst
            ]
            label = "error, as multiple of that of all rows"
            return draw_rows(
                rows, ax, label=label, word="group", origin=1.0, nothing=NO_GROUPS, letters=LONG
            )
        if part == "interactions":
            rows = [_row(f"{p.first} and {p.second}", p.share) for p in self.interactions]
            return draw_rows(
                rows, ax, label="interaction (share of the variance)", word="pair", letters=LONG
            )
        known = all(i.permutation is not None for i in self.importances)
        rows = [_row(i.column, i.permutation or i.sensitivity) for i in self.importances]
        return draw_rows(
            rows,
            ax,
            label="rise of the squared error when shuffled (share of the target's variance)"
            if known
            else "share of the network's variance",
            word="column",
        )

    def plot_effects(
        self, columns: str | Sequence[str] | None = None, ax: Any = None
    ) -> Axes | NDArray[Any]:
        """Draw the effects of columns on the prediction, in its units, with their 95 % bands.

        Accumulated local effects of numbers and dates, partial dependence of levels (see
        `explain`). Each is the difference from the mean over rows.

        Parameters
        ----------
        columns : name or sequence of names, optional
            By default the six columns with the largest effects.
        ax : matplotlib Axes, or a sequence of one for each column, optional
            Where to draw; by default a new figure with one scale for all.

        Returns
        -------
        matplotlib Axes
            For one name; for several an array of Axes, with shape (columns,). Of two classes the
            second is drawn, of more outputs the first six.

        Raises
        ------
        UsageError
            For an unknown column, one that does not vary, and axes that are too few or no Axes.
        """
        return show_effects(self.effects, self.outputs, self.classes, columns, ax)

    def __repr__(self) -> str:
        first = f", the most important is {self.importances[0].column!r}" * bool(self.importances)
        return f"Explanation of {len(self.importances)} columns{first}; print() shows it"

    def _repr_html_(self) -> str:
        """HTML for a notebook."""
        shares = [i.permutation or i.sensitivity for i in self.importances]
        most = max((share.value for share in shares), default=0.0) or 1.0
        rows = [
            (
                i.column,
                html_bar(share.value / most),
                i.permutation or NOTHING,
                i.sensitivity,
            )
            for i, share in zip(self.importances, shares, strict=True)
        ]
        heads = ("column", "", "importance", "share of variance")
        return html_block("Explanation", self._remarks(), html_table(heads, rows, (2, 3)))

    def _remarks(self) -> list[str]:
        """Sentences on interactions, rows, groups and leaks."""
        lines = []
        if self.interactions:
            best = self.interactions[0]
            lines.append(
                f"strongest interaction: {best.first} and {best.second}, "
                f"{best.share.value:.3f} of the variance"
            )
        if self.rows is not None:
            lines.append(
                f"{int(self.rows.extrapolates.sum()):,} of {len(self.rows.value):,} rows "
                "lie outside the data of the fit"
            )
        worse = [g for g in self.groups if g.worse]
        lines += [
            f"{g.column} {g.label}: error {g.ratio:.2f} times that of all rows ({g.rows:,} rows)"
            for g in worse[:MAX_LINES]
        ]
        if len(worse) > MAX_LINES:
            lines.append(f"and {len(worse) - MAX_LINES:,} more groups: see to_frame('groups')")
        return [*lines, *(f"{sign['found']}. {sign['advice']}" for sign in self.leakage.found)]


def show_effects(
    effects: Sequence[Effect],
    outputs: Sequence[str],
    classes: bool,
    columns: str | Sequence[str] | None = None,
    ax: Any = None,
) -> Axes | NDArray[Any]:
    """Draw effects as `Explanation.plot_effects` does."""
    panels = [
        EffectPanel(e.name, e.kind, e.at, e.value, SIGMAS * e.error)
        for e in _chosen(effects, columns)
    ]
    if classes and len(outputs) == 2:
        outputs = outputs[1:]
        panels = [replace(p, value=p.value[:, 1:], half_width=p.half_width[:, 1:]) for p in panels]
    of = f" of {outputs[0]}" if classes and len(outputs) == 1 else ""
    names = " and ".join(outputs) if len(outputs) < 3 else "the prediction"
    label = f"effect on the probability{of}" if classes else f"effect on {names}"
    axes = draw_effects(panels, outputs, ax, label=label)
    return axes[0] if isinstance(columns, str) else np.array(axes, dtype=object)


def named_columns(columns: Any) -> list[str] | None:
    """The names as a list, None for none. Raises UsageError for what holds no names."""
    if columns is None:
        return None
    names = [columns] if isinstance(columns, str) else columns
    if not hasattr(names, "__len__"):
        names = []
    found = [name for name in names if isinstance(name, str)]
    if not found or len(found) < len(names):
        raise UsageError(
            f"columns={columns!r:.80} must be the name of a column, or a list of names. Leave it "
            "out for the largest effects."
        )
    return found


def _chosen(effects: Sequence[Effect], columns: str | Sequence[str] | None) -> list[Effect]:
    """The effects of these columns in their order; without columns the largest."""
    names = named_columns(columns)
    if names is None:
        return sorted(effects, key=lambda e: -float(e.size.max()))[:MAX_PANELS]
    known = {effect.name: effect for effect in effects}
    for name in names:
        if name not in known:
            raise UsageError(
                f"columns={columns!r}: there is no effect of {name!r}. Columns that vary are "
                f"{', '.join(map(repr, list(known)[:20]))}{' and more' * (len(known) > 20)}."
            )
    return [known[name] for name in names]


def _row(name: str, share: Share) -> Row:
    return Row(name, share.value, SIGMAS * share.error)


def _ends(value: float, error: float) -> tuple[float, float]:
    return value - SIGMAS * error, value + SIGMAS * error
