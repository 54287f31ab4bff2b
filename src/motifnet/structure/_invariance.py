"""A-iii, invariance: may columns be exchanged, shifted or flipped without a change of the target?
(Sannai, Imaizumi and Kawano 2021)

With a group G, n rows are worth |G| n rows. The group is taken where the test of its truth does not
contradict it at 2 %, and where it is useful. The level of usefulness is 5 % over both tests of it
and over all groups that are not contradicted. Groups that lie in another one do not count. A user's
group is tested alone. The input layer of the network is then a layer of functions that do not
change under the group, or for several targets one network for all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from motifnet.engine import Matrix, UsageError
from motifnet.structure._candidates import candidates, clearly_broken
from motifnet.structure._detector import LEVEL, MIN_ROWS, NOT_APPLICABLE, Finding, Rows, unreliable
from motifnet.structure._gaussian_process import SETTING_ROWS, choose_prior
from motifnet.structure._group import PRESETS, Group, act, non_invariant, permutations
from motifnet.structure._rates import smooth_exponent
from motifnet.structure._symmetry import (
    FIRST,
    Reading,
    Symmetry,
    assess_equivariance,
    assess_invariance,
)

MAX_ROWS = 600
MAX_GROUPS, MAX_GROUPS_IN_FIT = 6, 2  # that are tested in a profile and in a fit
TRUTH = 0.02  # level at which a group is contradicted; a true group is lost that often
NAME, UNIT = "invariance", "squared error, plain over invariant"
NO_CANDIDATE = "No two columns are alike enough to be exchanged, and none is symmetric about 0."
Blocks = Sequence[Sequence[str]]


def invariance(
    rows: Rows, symmetry: Mapping[str, Blocks] | None = None, *, layers_only: bool = False
) -> Finding:
    """The most useful group. `symmetry` maps permutations, cyclic or flips to blocks of column
    names, and only that group is tested.

    Otherwise candidates are the groups that least squares do not clearly contradict, with
    `layers_only` those that a layer of a network implements.
    """
    rows = rows.first(MAX_ROWS)
    raw = rows.centre + rows.unit * rows.X
    if layers_only and rows.classes and rows.y.shape[1] > 1:
        return unreliable(
            NAME,
            UNIT,
            "Several classes have no symmetry that a layer carries out.",
            NOT_APPLICABLE,
        )
    groups = _of_the_targets(
        _candidates(rows, raw) if symmetry is None else _named(rows, symmetry), rows
    )
    if layers_only:
        groups = [group for group in groups if group.is_layer]
    if groups and symmetry is None:
        groups = _not_broken(groups, rows, raw)
        if not groups:
            return unreliable(
                NAME,
                UNIT,
                "Every exchange and change of sign that columns allow clearly changes the target.",
                "broken",
            )
        groups = groups[: MAX_GROUPS_IN_FIT if layers_only else MAX_GROUPS]
    tests = _tests(rows, groups, raw) if groups and len(raw) >= MIN_ROWS else []
    if not tests:
        return unreliable(NAME, UNIT, NO_CANDIDATE, "no candidate")
    true = _maximal([t for t in tests if t.p_true > TRUTH])
    useful = [t for t in true if t.p_useful * len(true) <= LEVEL]
    return _found(rows, tests, useful) if useful else _not_found(rows, tests, true)


def _found(rows: Rows, tests: list[Symmetry], useful: list[Symmetry]) -> Finding:
    """The finding of the largest group that is useful and not contradicted."""
    best = max(useful, key=lambda t: (t.group.size, t.z))
    ratio = best.plain / max(best.invariant, 1e-300)
    sentence = (
        f"{rows.targets[0] if not best.equivariant else 'The targets'} "
        f"{'move along' if best.equivariant else 'does not change'} under "
        f"{_title(rows, best)}: the squared error falls by a factor {ratio:.2f}, as if there were "
        f"up to {best.group.size:,} times the rows. Add {_input_layer(best)} as input layer."
    )
    setting = {
        "group": best.group.kind,
        "blocks": _blocks(rows, best.group),
        "equivariant": best.equivariant,
    }
    verdict = "invariant" if not best.equivariant else "equivariant"
    return _finding(best, verdict, sentence, setting, _details(rows, tests, best))


def _not_found(rows: Rows, tests: list[Symmetry], true: list[Symmetry]) -> Finding:
    """The finding where no group is both useful and true."""
    best = max(true or tests, key=lambda t: t.z)
    useful = best.p_useful * max(len(true), 1) <= LEVEL
    verdict = (
        "not contradicted, but not useful"
        if true
        else "useful, but not true"
        if useful
        else "broken"
    )
    sentence = (
        f"No symmetry is both useful and true; {_title(rows, best)} is {verdict}: columns keep "
        "their roles."
    )
    return _finding(best, verdict, sentence, {}, _details(rows, tests, best))


def _candidates(rows: Rows, raw: Matrix) -> list[Group]:
    """Groups that the columns allow, without those that only exchange equal columns. The largest
    come first, and of one size those that move the largest number of columns.
    """

    def change_of(i: int, j: int) -> float:
        fit = rows.halves[0]
        return fit.change(act(permutations([[i], [j]], rows.d).generators[0], fit.X))

    numeric = [int(j) for j in np.flatnonzero(rows.numeric)]
    found = candidates(raw, numeric, lambda: rows.prior.scale.numpy(), change_of)
    groups = [group for group in found if non_invariant(group, _common(group, rows, raw)).shape[1]]
    return sorted(
        groups, key=lambda group: (-group.size, -len(group.blocks) * len(group.blocks[0]))
    )


def _of_the_targets(groups: list[Group], rows: Rows) -> list[Group]:
    """For several targets the groups that move them along, with one block a target. This comes
    before the largest groups are taken, which exchange more blocks.
    """
    q = rows.y.shape[1]
    return (
        groups
        if q == 1
        else [
            group
            for group in groups
            if len(group.blocks) == q and group.kind != "flips" and not rows.classes
        ]
    )


def _not_broken(groups: list[Group], rows: Rows, raw: Matrix) -> list[Group]:
    """For one target the groups that least squares do not clearly contradict, without shifts of
    blocks that may be exchanged.
    """
    if rows.y.shape[1] > 1:
        return groups
    groups = [g for g in groups if not clearly_broken(g, _common(g, rows, raw), rows.y[:, 0])]
    whole = {group.blocks for group in groups if group.kind == "permutations"}
    return [g for g in groups if g.kind != "cyclic" or g.blocks not in whole]


def _maximal(tests: list[Symmetry]) -> list[Symmetry]:
    """The tests without groups that exchange only some of the blocks that another one exchanges."""
    whole = [set(t.group.blocks) for t in tests if t.group.kind == "permutations"]
    return [
        t
        for t in tests
        if t.group.kind == "flips" or not any(set(t.group.blocks) < blocks for blocks in whole)
    ]


def _named(rows: Rows, symmetry: Mapping[str, Blocks]) -> list[Group]:
    """The groups that the user names."""
    where, groups = {name: j for j, name in enumerate(rows.names)}, []
    for kind, blocks in symmetry.items() if isinstance(symmetry, Mapping) else [("", symmetry)]:
        if kind not in PRESETS or not _are_blocks(blocks, where, 1 if kind == "flips" else 2):
            raise UsageError(
                f"symmetry={symmetry!r} is not a group of this table. Pass {', '.join(PRESETS)}, "
                "each with two blocks of names or more (flips: one or more). The blocks have one "
                "length and no name twice. The varying columns are "
                f"{', '.join(map(repr, rows.names[:12]))}."
            )
        groups.append(PRESETS[kind]([[where[name] for name in block] for block in blocks], rows.d))
    return groups


def _are_blocks(blocks: Any, names: Collection[str], min_count: int) -> bool:
    """Whether they are `min_count` lists or more of the names, of one length and with no name
    twice.
    """
    if (
        not isinstance(blocks, list | tuple)
        or len(blocks) < min_count
        or not all(isinstance(block, list | tuple) and block for block in blocks)
    ):
        return False
    listed = [name for block in blocks for name in block]
    known = all(isinstance(name, str) and name in names for name in listed)
    return (
        known
        and len(set(listed)) == len(listed) == len(blocks) * len(blocks[0])
        and len({len(block) for block in blocks}) == 1
    )


def _tests(rows: Rows, groups: list[Group], raw: Matrix) -> list[Symmetry]:
    """The tests of every group against the plain fit."""
    q = rows.y.shape[1]
    if q == 1:
        y, first = rows.y[:, 0], min(int(FIRST * rows.n), SETTING_ROWS)
        prior = choose_prior(rows.X[:first], rows.y[:first], rows.seed)
        plain = Reading.of(rows.X, y, prior=prior)
        return [
            assess_invariance(group, plain, _common(group, rows, raw), y, prior, rows.seed)
            for group in groups
        ]
    n = len(raw) // 2
    X = rows.X[:n]
    Y = (rows.y[:n] * rows.sd + rows.mean - rows.mean.mean()) / _root_mean_square(rows.sd)
    plains = [Reading.of(X, column, seed=rows.seed) for column in Y.T] if groups else []
    return [
        assess_equivariance(group, plains, _common(group, rows, raw)[:n], Y, rows.seed)
        for group in groups
    ]


def _common(group: Group, rows: Rows, raw: Matrix) -> Matrix:
    """X with one centre and one unit for all columns of an orbit. Flips are about 0 in the units of
    the table.
    """
    X = rows.X[: len(raw)].copy()
    for i in range(len(group.blocks[0])):
        orbit = [block[i] for block in group.blocks]
        centre = 0.0 if group.kind == "flips" else rows.centre[orbit].mean()
        X[:, orbit] = (raw[:, orbit] - centre) / _root_mean_square(rows.unit[orbit])
    return X


def _root_mean_square(scales: Matrix) -> float:
    """The root mean square of positive scales, whose squares may overflow."""
    largest = scales.max()
    return float(largest * np.sqrt(np.mean((scales / largest) ** 2)))


def _finding(
    best: Symmetry,
    verdict: str,
    sentence: str,
    setting: dict[str, Any],
    details: dict[str, Any],
) -> Finding:
    ratio = best.plain / max(best.invariant, 1e-300)
    # 1.96 standard errors of the difference
    error = 1.96 * abs(best.plain - best.invariant) / max(abs(best.z), 1e-12)
    gain = best.plain - best.invariant
    interval = (
        1 + (gain - error) / max(best.invariant, 1e-300),
        1 + (gain + error) / max(best.invariant, 1e-300),
    )
    return Finding(NAME, ratio, interval, UNIT, bool(setting), verdict, sentence, setting, details)


def _details(rows: Rows, tests: list[Symmetry], best: Symmetry) -> dict[str, Any]:
    table = [
        {
            "group": t.group.name,
            "blocks": _blocks(rows, t.group),
            "z_useful": t.z,
            "log_evidence": t.log_evidence,
            "p_useful": t.p_useful,
            "F": t.F,
            "rank": t.rank,
            "p_true": t.p_true,
            "equivariant": t.equivariant,
        }
        for t in tests
    ]
    size = best.group.size
    return {
        "size": size,
        "predicted_factor": size ** smooth_exponent(2.0, rows.d),
        "tests": table,
        "rows": min(rows.n, MAX_ROWS),
    }


def _blocks(rows: Rows, group: Group) -> list[list[str]]:
    return [[rows.names[j] for j in block] for block in group.blocks]


def _title(rows: Rows, test: Symmetry) -> str:
    words = {
        "permutations": "any exchange of",
        "cyclic": "shifts of",
        "flips": "a change of sign of",
    }
    names = [
        "(" + ", ".join(block) + ")" if len(block) > 1 else block[0]
        for block in _blocks(rows, test.group)
    ]
    return f"{words[test.group.kind]} {', '.join(names[:6])}{' …' if len(names) > 6 else ''}"


def _input_layer(test: Symmetry) -> str:
    group = test.group
    if group.is_absolute:
        return "absolute values"
    if test.equivariant:
        return "one network for all targets"
    if group.kind == "permutations":
        return (
            "a sorting layer" if len(group.blocks[0]) == 1 else "symmetric functions of the blocks"
        )
    return "sums over orbits" if group.is_layer else "the Reynolds average"
